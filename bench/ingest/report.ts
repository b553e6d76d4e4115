// Medians and ratios, with their goals.
import { availableParallelism } from 'node:os';
import { median } from '../support/quantiles.ts';
import { PER, type Result } from './measure.ts';

/** The median of each number over the rounds; what was lost is added up instead. */
export function mediansOf(rounds: readonly Partial<Result>[]): Partial<Result> {
  const keys = [...new Set(rounds.flatMap((round) => Object.keys(round)))] as (keyof Result)[];
  return Object.fromEntries(
    keys.map((key) => {
      const values = rounds.map((round) => round[key] ?? Number.NaN);
      return [key, key === 'lost' ? values.reduce((sum, value) => sum + value, 0) : median(values)];
    }),
  );
}

/** @param medians by name. */
export function printTable(medians: Map<string, Partial<Result>>, messages: number, rounds: number): void {
  console.log(`\nMedians of ${rounds} rounds of ${messages} messages; CPU in seconds per 100,000 messages.\n`);
  console.log('              rows/s  collector  broker  database  peak, MiB   lost');
  for (const [name, { rowsPerSecond, collectorCpu, brokerCpu, databaseCpu, peakMiB, lost }] of medians) {
    const number = (value: number | undefined, digits: number, width: number) =>
      (value === undefined ? '' : value.toFixed(digits)).padStart(width);
    console.log(
      `${name.padEnd(12)}${number(rowsPerSecond, 0, 8)}  ${number(collectorCpu, 2, 9)}  ${number(brokerCpu, 2, 6)}  ` +
        `${number(databaseCpu, 2, 8)}  ${number(peakMiB, 0, 9)}  ${number(lost, 0, 5)}`,
    );
  }
}

/** What the machine's cores allow at most, if all of them were busy all the time with nothing else. */
export function printBound(medians: Map<string, Partial<Result>>): void {
  const { collectorCpu, brokerCpu, databaseCpu } = medians.get('ours') ?? {};
  const raw = medians.get('raw-copy')?.rowsPerSecond;
  if (collectorCpu === undefined || brokerCpu === undefined || databaseCpu === undefined || raw === undefined) return;
  const cores = availableParallelism();
  const most = (cores / (collectorCpu + brokerCpu + databaseCpu)) * PER;
  console.log(
    `\nours: broker, ingest and database together take ${(collectorCpu + brokerCpu + databaseCpu).toFixed(2)} CPU seconds ` +
      `per 100,000 messages: ${cores} cores allow ${Math.round(most)} rows/s, ${(most / raw).toFixed(2)} of raw COPY`,
  );
}

/** The goals. */
const GOALS: { what: string; of: keyof Result; peer?: string; atLeast?: number; atMost?: number }[] = [
  { what: 'rows a second, of Telegraf', of: 'rowsPerSecond', peer: 'telegraf', atLeast: 1.8 },
  { what: 'CPU a message, of Telegraf', of: 'collectorCpu', peer: 'telegraf', atMost: 0.3 },
  { what: 'rows a second, of raw COPY', of: 'rowsPerSecond', peer: 'raw-copy', atLeast: 0.85 },
  { what: 'rows a second, of the tutorial', of: 'rowsPerSecond', peer: 'tutorial' },
  { what: 'CPU a message, of the tutorial', of: 'collectorCpu', peer: 'tutorial' },
  { what: 'peak memory, MiB', of: 'peakMiB', atMost: 150 },
  { what: 'lost', of: 'lost', atMost: 0 },
];

/** Ratios are made round by round, because what else the machine does differs from round to round. Memory is the worst. */
export function printRatios(results: Map<string, Partial<Result>[]>): void {
  const ours = results.get('ours');
  if (!ours) return;
  console.log('');
  for (const { what, of, peer, atLeast, atMost } of GOALS) {
    const others = peer === undefined ? undefined : results.get(peer);
    if (peer !== undefined && !others) continue;
    const numbers = ours.map((round, index) => (round[of] as number) / (others?.[index]?.[of] ?? 1));
    const value = others ? median(numbers) : Math.max(...numbers);
    const reached = value >= (atLeast ?? Number.NEGATIVE_INFINITY) && value <= (atMost ?? Number.POSITIVE_INFINITY);
    const bound = atLeast !== undefined ? `at least ${atLeast}` : atMost !== undefined ? `at most ${atMost}` : '';
    const goal = bound && `  goal: ${bound}, ${reached ? 'reached' : 'NOT REACHED'}`;
    const spread = others ? `  (${Math.min(...numbers).toFixed(2)} to ${Math.max(...numbers).toFixed(2)})` : '';
    console.log(`ours: ${what.padEnd(32)} ${value.toFixed(others ? 2 : 0).padStart(6)}${spread}${goal}`);
  }
}
