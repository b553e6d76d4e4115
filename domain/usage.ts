// What a tenant used, as a bill counts it: by days of UTC, bytes rounded once, for each day, so that a total is the sum of its rows.

/** What is counted, by its column in `public.usage_days`, with what a page calls it. Bytes are told as kilobytes. */
export const USAGE = {
  readings: 'readings',
  bytes: 'kB',
  over_quota: 'over quota',
  letters: 'dead letters',
  alerts: 'alerts',
  notifications: 'notifications',
  commands: 'commands',
  ai_tokens: 'AI tokens',
} as const;

type Column = keyof typeof USAGE;
export const USAGE_COLUMNS = Object.keys(USAGE) as Column[];

/** A row of `public.usage_days`. */
export type UsageDay = { day: string } & Record<Column, number>;

/** A line of a bill. `kilobytes`: of 1,000 bytes. All are whole numbers. */
export type UsageLine = Record<Exclude<Column, 'bytes'>, number> & { kilobytes: number };

/** What a bill says of a day. */
export function lineOf({ day: _, bytes, ...counts }: UsageDay): UsageLine {
  return { ...counts, kilobytes: Math.round(bytes / 1000) };
}

/** Lines together. */
export function sumOfUsage(lines: readonly UsageLine[]): UsageLine {
  const total: UsageLine = {
    readings: 0,
    kilobytes: 0,
    over_quota: 0,
    letters: 0,
    alerts: 0,
    notifications: 0,
    commands: 0,
    ai_tokens: 0,
  };
  for (const line of lines) for (const name of Object.keys(total) as (keyof UsageLine)[]) total[name] += line[name];
  return total;
}

/** First day of the month that comes `months` after `month`, such as 2027-01. @returns an ISO date. */
export function firstDay(month: string, months = 0): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number - 1 + months, 1)).toISOString().slice(0, 10);
}
