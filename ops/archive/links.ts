// Makes the links that tenants have asked for: one for each object of their days.
import { LINK_MS } from '../../domain/archive-link.ts';
import { tenantFolder } from './layout.ts';
import type { Run } from './objects.ts';

interface Asked {
  request: string;
  tenant: string;
  /** Null: the archive no longer has an object of these days. */
  name: string | null;
}

/**
 * The database has them, where only the tenant's owners read them. They are never logged.
 * @throws Error when objects are missing from the store, which the others' links do not wait for; or when it makes no links.
 */
export async function makeLinks({ client, store, log }: Run): Promise<void> {
  const askedNow = async () =>
    (await client.query<Asked>('select request, tenant_id as tenant, name from ingest.asked_objects()')).rows;
  let rows = await askedNow();
  if (rows.length === 0) return;
  const until = new Date(Date.now() + LINK_MS);
  const linkTo = await store.linker(until);
  const missing: string[] = [];
  // The database names some requests at a time.
  for (; rows.length > 0; rows = await askedNow()) {
    for (const [request, asked] of Map.groupBy(rows, ({ request }) => request)) {
      const { tenant } = asked[0]!;
      const stored = new Set((await store.list(tenantFolder(tenant))).map(({ name }) => name));
      const names = asked.flatMap(({ name }) => name ?? []);
      const there = names.filter((name) => stored.has(name));
      missing.push(...names.filter((name) => !stored.has(name)));
      await client.query('select ingest.record_archive_links($1, $2, $3, $4)', [
        request,
        there,
        there.map(linkTo),
        until,
      ]);
      log(`${there.length} link(s) for tenant ${tenant}, until ${until.toISOString()}`);
    }
  }
  if (missing.length > 0)
    throw new Error(`${store.where} lacks ${missing.length} object(s) that the database knows, such as ${missing[0]}`);
}
