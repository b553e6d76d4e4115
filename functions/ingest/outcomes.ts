// What became of a batch's readings, and the sums of it.

import { type Tallies, tallyOf } from './accounting.ts';
import type { Batch, DeadLetter } from './batch.ts';
import type { Row } from './row.ts';

/** Numbers of readings by tenant slug. */
export type Tenants = Map<string, number>;

/** What happened to a batch's rows. */
export interface Fates {
  stored: Tenants;
  duplicate: Tenants;
  overQuota: Tenants;
  refused: DeadLetter[];
}

/** Nothing has happened yet. */
export const noFates = (): Fates => ({ stored: new Map(), duplicate: new Map(), overQuota: new Map(), refused: [] });

/** Adds `readings` to a tenant's number. */
export function addTo(tenants: Tenants, tenant: string, readings: number): void {
  tenants.set(tenant, (tenants.get(tenant) ?? 0) + readings);
}

/** Adds one for each row. */
export function addRows(tenants: Tenants, rows: Iterable<Row>): void {
  for (const { route } of rows) addTo(tenants, route.tenant, 1);
}

/** Received as it was counted when it came, the rest as it turned out. */
export function count(batch: Batch, fates: Fates): Tallies {
  const tallies: Tallies = new Map();
  for (const [tenant, { readings }] of batch.received) tallyOf(tallies, tenant).received += readings;
  for (const { route } of batch.repeats) tallyOf(tallies, route.tenant).duplicate += 1;
  for (const { tenant } of batch.deadLetters) tallyOf(tallies, tenant).rejected += 1;
  for (const { tenant } of fates.refused) tallyOf(tallies, tenant).rejected += 1;
  for (const [tenant, readings] of fates.stored) tallyOf(tallies, tenant).stored += readings;
  for (const [tenant, readings] of fates.duplicate) tallyOf(tallies, tenant).duplicate += readings;
  for (const [tenant, readings] of fates.overQuota) tallyOf(tallies, tenant).overQuota += readings;
  return tallies;
}
