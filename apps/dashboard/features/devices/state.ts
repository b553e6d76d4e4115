// A device's state, from whether it may connect, when it was last heard and how often it reports; and what its clock says.
import { t } from '../../language/translate.ts';
import { formatSpan } from '../../ui/format.ts';
import type { DeviceStatus } from './statuses.ts';

/** A device that reports often is live for this many milliseconds after its last message. */
export const LIVE_MS = 120_000;
/** One that reports less often is live for this many of its own intervals. */
const LIVE_INTERVALS = 3;
/** In seconds. Messages take time to arrive: a smaller skew says nothing about the clock. */
const RIGHT_WITHIN = 120;

/** A word for people, and how it looks. */
const STATES = {
  disabled: { word: 'Disabled', tone: 'neutral' },
  never: { word: 'No readings', tone: 'neutral' },
  live: { word: 'Live', tone: 'ok' },
  quiet: { word: 'Quiet', tone: 'warn' },
} as const satisfies Record<string, { word: string; tone: string }>;

export type DeviceState = (typeof STATES)[keyof typeof STATES];

/** What the state is made of. */
export type Heard = Pick<DeviceStatus, 'last_received_at' | 'gaps'>;

/** One of a few constants. @param status undefined when nothing has ever come. */
export function deviceState(enabled: boolean, status: Heard | undefined, now: Date): DeviceState {
  if (!enabled) return STATES.disabled;
  if (status === undefined) return STATES.never;
  const liveMs = Math.max(LIVE_MS, LIVE_INTERVALS * intervalSeconds(status.gaps) * 1000);
  return now.getTime() - Date.parse(status.last_received_at) < liveMs ? STATES.live : STATES.quiet;
}

/**
 * How often it reports: the second longest gap between its last reports, so that one outage does not count, and a device that
 * sends several reports in a row is not taken for a quick one. 0 when it has reported once.
 */
function intervalSeconds(gaps: readonly number[]): number {
  const longestFirst = gaps.toSorted((one, other) => other - one);
  return longestFirst[1] ?? longestFirst[0] ?? 0;
}

/** `7 h ahead` when the device's clock is wrong; undefined when it is right, or sends no time. */
export function clockWords(skew: number | null | undefined): string | undefined {
  if (skew === null || skew === undefined || Math.abs(skew) <= RIGHT_WITHIN) return undefined;
  const span = formatSpan(Math.round(Math.abs(skew)));
  return skew > 0 ? t('{span} ahead', { span }) : t('{span} behind', { span });
}
