// Rate and daily quota of a tenant: what goes beyond is counted and not stored.
import type { Client } from 'pg';
import type { Tenants } from './outcomes.ts';
import type { Row } from './row.ts';

/** What of a batch may be stored. */
export interface Admission {
  /** Rows that fit, all of them. */
  unbounded: readonly Row[];
  /** Rows of tenants that have more in the batch than they have left. */
  bounded: readonly Row[];
  /** Most readings a metered tenant may still store, by slug. */
  left: ReadonlyMap<string, number>;
  /** Ids of the metered tenants, by slug. */
  ids: ReadonlyMap<string, string>;
}

/**
 * Asks what each metered tenant of the batch has left, and keeps it locked until the transaction ends. Costs nothing for
 * tenants without a rate or a quota. @throws database errors.
 */
export async function admit(client: Client, rows: readonly Row[]): Promise<Admission> {
  const ids = new Map<string, string>();
  for (const { route } of rows) if (route.metered) ids.set(route.tenant, route.tenantId);
  if (ids.size === 0) return { unbounded: rows, bounded: [], left: new Map(), ids };
  const { rows: found } = await client.query<{ tenant_id: string; readings: string }>(
    'select tenant_id, readings from ingest.quota_left($1::uuid[])',
    [[...ids.values()]],
  );
  const byId = new Map(found.map((row) => [row.tenant_id, Number(row.readings)]));
  const left = new Map<string, number>();
  for (const [tenant, id] of ids) {
    const readings = byId.get(id);
    // A limit that has been lifted since the registry was asked.
    if (readings !== undefined) left.set(tenant, readings);
  }
  const numbers = new Map<string, number>();
  for (const { route } of rows) numbers.set(route.tenant, (numbers.get(route.tenant) ?? 0) + 1);
  const fits = ({ route: { tenant } }: Row) =>
    (numbers.get(tenant) as number) <= (left.get(tenant) ?? Number.POSITIVE_INFINITY);
  return { unbounded: rows.filter(fits), bounded: rows.filter((row) => !fits(row)), left, ids };
}

/** Takes what was stored off what is left. @throws database errors. */
export async function spend(client: Client, { ids }: Admission, stored: Tenants): Promise<void> {
  const spent = [...ids].filter(([tenant]) => stored.has(tenant));
  if (spent.length === 0) return;
  await client.query('select ingest.spend_quota($1::uuid[], $2::bigint[])', [
    spent.map(([, id]) => id),
    spent.map(([tenant]) => stored.get(tenant)),
  ]);
}
