// What a device is doing, judged by what is known: whether it may connect, and when its last reading came.
import type { Tone } from '../../ui/notice.tsx';

/** A device is live when its last reading came within so many milliseconds. */
export const LIVE_MS = 120_000;

export interface DeviceState {
  word: 'Live' | 'Quiet' | 'No readings' | 'Disabled';
  tone: Tone;
}

/** @param receivedAt ISO 8601; undefined when nothing came within 7 days. */
export function deviceState(enabled: boolean, receivedAt: string | undefined, now: Date): DeviceState {
  if (!enabled) return { word: 'Disabled', tone: 'neutral' };
  if (receivedAt === undefined) return { word: 'No readings', tone: 'neutral' };
  const isLive = now.getTime() - Date.parse(receivedAt) < LIVE_MS;
  return isLive ? { word: 'Live', tone: 'ok' } : { word: 'Quiet', tone: 'warn' };
}
