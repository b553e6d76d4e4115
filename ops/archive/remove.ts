// Removes from the archive what was deleted from the platform: a tenant's objects, or a device's readings out of each of them.
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Archived, archivedObjects, fetchObject, note, type Run, storeVerified } from './archive.ts';
import { objectName, tenantFolder } from './layout.ts';
import { factsOf, quote } from './parquet.ts';

interface Removal {
  id: string;
  tenant: string;
  /** Null: all of the tenant's. */
  device: string | null;
}

/** Each is noted when it is done; one that is cut short is begun anew. */
export async function carryOutRemovals(run: Run): Promise<void> {
  const { rows } = await run.client.query<Removal>(
    'select id, tenant_id as tenant, device_id as device from ingest.archive_removals where done_at is null order by id',
  );
  for (const removal of rows) {
    if (removal.device === null) await removeTenant(run, removal.tenant);
    else await removeDevice(run, removal.tenant, removal.device);
    await run.client.query('select ingest.note_removed($1)', [removal.id]);
  }
}

/** Also objects that the database does not know. */
async function removeTenant(run: Run, tenant: string): Promise<void> {
  run.log(`removing the archive of tenant ${tenant}`);
  for (const { name } of await run.store.list(tenantFolder(tenant))) await remove(run, name);
  for (const { name } of await archivedObjects(run.client, 'o.tenant_id = $1', [tenant])) await remove(run, name);
}

/** Of readings that are still in the database the next archiving makes another object. */
async function removeDevice(run: Run, tenant: string, device: string): Promise<void> {
  run.log(`removing device ${device} from the archive of tenant ${tenant}`);
  const there = new Set((await run.store.list(tenantFolder(tenant))).map(({ name }) => name));
  for (const object of await archivedObjects(run.client, 'o.tenant_id = $1 and o.released_at is not null', [tenant])) {
    if (there.has(object.name)) await withoutDevice(run, object, device);
    // Of a removal that was cut short.
    else await remove(run, object.name);
  }
}

async function withoutDevice(run: Run, object: Archived, device: string): Promise<void> {
  const { duck, folder } = run;
  const left = join(folder, 'left.parquet');
  const readings = `read_parquet(${quote(await fetchObject(run, object.name))}, hive_partitioning = false)`;
  const isOf = `device_id = ${quote(device)}::uuid`;
  if ((await duck.rows(`select count(*) as n from ${readings} where ${isOf}`))[0]!.n === 0n) return;
  await duck.run(
    `copy (select * from ${readings} where not ${isOf}) to ${quote(left)} (format parquet, compression zstd)`,
  );
  const { tenant, day } = object;
  const facts = await factsOf(duck, left);
  if (facts.rows > 0n) {
    const name = objectName(tenant, day, facts.checksum);
    await storeVerified(run, name, left, facts);
    await note(run.client, { name, tenant, day, bytes: (await stat(left)).size, ...facts });
  }
  await rm(left);
  await remove(run, object.name);
}

async function remove({ client, store }: Run, name: string): Promise<void> {
  await store.remove(name);
  await client.query('select ingest.forget_object($1)', [name]);
}
