// The state of a broker's certificate, and what a person has to do.
import type { Broker } from '../target/target.ts';
import type { Served } from './probe.ts';

/** The verdict on a certificate. */
export interface Status extends Served {
  /** Whole days until it expires; negative if it has expired. */
  daysLeft: number;
  /** True if a person has nothing to do. */
  ok: boolean;
  /** The state, and what to do. */
  advice: string;
}

const DAY_MS = 86_400_000;
/** Renewal is due when a third of the lifetime is left; with a quarter left, it has failed for a week of 90 days. */
const OVERDUE = 1 / 4;

/** Judges a served certificate. @param now milliseconds since 1970. */
export function judge(served: Served, { target, renewedBy }: Broker, now: number): Status {
  const left = served.validTo.getTime() - now;
  const life = served.validTo.getTime() - served.validFrom.getTime();
  const daysLeft = Math.floor(left / DAY_MS);
  const renew = {
    machine: `npm run ops -- certificate renew --target ${target}`,
    deployment: `npm run ops -- certificate renew --target ${target}`,
    start: 'restart it: npm start',
    project: `npm run ops -- compose start --target ${target}`,
  }[renewedBy];
  if (served.refusedBecause) {
    const advice = `Clients that verify it refuse it (${served.refusedBecause}). Renew it: ${renew}`;
    return { ...served, daysLeft, ok: false, advice };
  }
  if (left < life * OVERDUE) {
    const who = { machine: 'The machine', deployment: 'A deployment', start: 'A start', project: '"compose start"' }[
      renewedBy
    ];
    return { ...served, daysLeft, ok: false, advice: `${who} should have renewed it by now. Renew it: ${renew}` };
  }
  const plan = {
    machine: 'The machine renews it when a third of its lifetime is left',
    deployment: 'From 60 days before its end, any deployment renews it; the machine uses the new one within the hour',
    start: 'The local platform renews it when it starts',
    project: '"compose start" renews it in its last 30 days',
  }[renewedBy];
  return { ...served, daysLeft, ok: true, advice: `Nothing to do. ${plan}.` };
}

/** As a person reads it. */
export function describe(status: Status): string {
  const day = (date: Date) => date.toISOString().slice(0, 10);
  const left = status.daysLeft < 0 ? `ended ${-status.daysLeft} days ago` : `${status.daysLeft} days left`;
  return [
    `broker     ${status.host}:${status.port}`,
    `issuer     ${status.issuer}`,
    `names      ${status.names}`,
    `valid      ${day(status.validFrom)} to ${day(status.validTo)}, ${left}`,
    `SHA-256    ${status.fingerprint}`,
    `${status.ok ? 'ok' : 'PROBLEM'}${status.ok ? '         ' : '    '}${status.advice}`,
  ].join('\n');
}
