// The names of backups, and which of them stay. Time is told by the backups alone: a clock that is wrong removes none too many.

/** Days that every backup stays. */
export const KEPT_DAYS = 30;
/** The newest days and weeks that have a good backup, which stays however old it is. */
const DAILY = 7;
const WEEKLY = 4;

const DAY_MS = 86_400_000;
const NAME = /^backup-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.(dump|facts)\.age$/;

/** A backup by its objects. It is good when its facts are there: they are stored last, after the dump was read back whole. */
export interface Listed {
  /** `backup-20261130T021500Z`. */
  name: string;
  at: Date;
  /** Of the dump. */
  bytes: number;
  isGood: boolean;
  /** Names of its objects. */
  objects: string[];
}

/** The name of a backup that began then. */
export const nameAt = (at: Date) => `backup-${at.toISOString().replace(/[-:]|\.\d+/g, '')}`;

export const dumpOf = (name: string) => `${name}.dump.age`;
export const factsOf = (name: string) => `${name}.facts.age`;

/** The backups among objects, newest first. Other objects are ignored. */
export function backupsAmong(objects: readonly { name: string; bytes: number }[]): Listed[] {
  const found = new Map<string, Listed>();
  for (const { name: object, bytes } of objects) {
    const [, year, month, day, hour, minute, second, kind] = NAME.exec(object) ?? [];
    if (kind === undefined) continue;
    const name = object.slice(0, object.indexOf('.'));
    const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    const one = found.get(name) ?? { name, at, bytes: 0, isGood: false, objects: [] };
    found.set(name, one);
    one.objects.push(object);
    if (kind === 'dump') one.bytes = bytes;
  }
  for (const one of found.values()) one.isGood = one.objects.length === 2;
  return [...found.values()].sort((a, b) => (a.name < b.name ? 1 : -1));
}

/** Those that may go. @param backups newest first. */
export function toRemove(backups: readonly Listed[]): Listed[] {
  const good = backups.filter(({ isGood }) => isGood);
  const newest = good[0];
  if (newest === undefined) return [];
  const stay = new Set([...newestOfEach(good, DAY_MS, DAILY), ...newestOfEach(good, 7 * DAY_MS, WEEKLY)]);
  const limit = newest.at.getTime() - KEPT_DAYS * DAY_MS;
  return backups.filter((one) => one.at.getTime() < limit && !stay.has(one));
}

/** The newest backup of each of the newest `count` periods that have one. */
function newestOfEach(good: readonly Listed[], periodMs: number, count: number): Listed[] {
  const firsts = new Map<number, Listed>();
  for (const one of good) {
    const period = Math.floor(one.at.getTime() / periodMs);
    if (!firsts.has(period)) firsts.set(period, one);
  }
  return [...firsts.values()].slice(0, count);
}
