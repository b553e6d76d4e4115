// A device's state, from whether it may connect and when its last reading arrived.
import type { Tone } from '../../ui/notice.tsx';

/** A device is live when its last reading arrived within this many milliseconds. */
export const LIVE_MS = 120_000;

/** A word for people, and how it looks. */
const STATES = {
  disabled: { word: 'Disabled', tone: 'neutral' },
  never: { word: 'No readings', tone: 'neutral' },
  live: { word: 'Live', tone: 'ok' },
  quiet: { word: 'Quiet', tone: 'warn' },
} as const satisfies Record<string, { word: string; tone: Tone }>;

export type DeviceState = (typeof STATES)[keyof typeof STATES];

/** One of a few constants. @param receivedAt ISO 8601; undefined when nothing arrived within 7 days. */
export function deviceState(enabled: boolean, receivedAt: string | undefined, now: Date): DeviceState {
  if (!enabled) return STATES.disabled;
  if (receivedAt === undefined) return STATES.never;
  return now.getTime() - Date.parse(receivedAt) < LIVE_MS ? STATES.live : STATES.quiet;
}
