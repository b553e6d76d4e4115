// Counts: what was received is stored, a duplicate, rejected, or over its tenant's quota.

/** What became of readings. In the end `received` = `stored` + `duplicate` + `rejected` + `overQuota`. */
export interface Tally {
  received: number;
  stored: number;
  duplicate: number;
  rejected: number;
  overQuota: number;
}

const none = (): Tally => ({ received: 0, stored: 0, duplicate: 0, rejected: 0, overQuota: 0 });

/** Tallies by tenant slug. Messages of no known tenant are under NO_TENANT, which is no slug. */
export type Tallies = Map<string, Tally>;

const NO_TENANT = '(none)';

/** The tenant's tally, made when it is the first. */
export function tallyOf(tallies: Tallies, tenant: string | undefined): Tally {
  const name = tenant ?? NO_TENANT;
  let tally = tallies.get(name);
  if (!tally) {
    tally = none();
    tallies.set(name, tally);
  }
  return tally;
}

/** Adds each tally of `from` to `into`. */
export function addTallies(into: Tallies, from: Tallies): void {
  for (const [tenant, tally] of from) add(tallyOf(into, tenant), tally);
}

/** All tenants together. */
export function totalOf(tallies: Tallies): Tally {
  const total = none();
  for (const tally of tallies.values()) add(total, tally);
  return total;
}

/** The busiest tenants by name, at most `most` of them: a log line has a size limit. */
export function busiest(tallies: Tallies, most: number): Record<string, Tally> {
  const sorted = [...tallies].sort(([, a], [, b]) => b.received - a.received);
  return Object.fromEntries(sorted.slice(0, most));
}

function add(into: Tally, from: Tally): void {
  into.received += from.received;
  into.stored += from.stored;
  into.duplicate += from.duplicate;
  into.rejected += from.rejected;
  into.overQuota += from.overQuota;
}
