// Removes from the archive what was deleted from the platform: a tenant's objects, or a device's readings out of each of them.
import { rm, stat } from 'node:fs/promises';
import { objectName, tenantFolder } from './layout.ts';
import {
  type Archived,
  archivedObjects,
  fetchObject,
  newFile,
  note,
  type Run,
  removeObject,
  storeVerified,
  supersededObjects,
} from './objects.ts';
import { factsOf, quote, tableOf } from './parquet.ts';

interface Removal {
  id: string;
  tenant: string;
  /** Null: all of the tenant's. */
  device: string | null;
}

/** Each is noted when it is done; one that is cut short is begun again. */
export async function carryOutRemovals(run: Run): Promise<void> {
  const { rows } = await run.client.query<Removal>(
    'select id, tenant_id as tenant, device_id as device from ingest.open_removals()',
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
  for (const { name } of await run.store.list(tenantFolder(tenant))) await removeObject(run, name);
  for (const { name } of await archivedObjects(run.client, 'o.tenant_id = $1', [tenant])) await removeObject(run, name);
}

/**
 * Of readings that are still in the database, too, and of objects that the database does not know: of a run that was killed. Those stay
 * unknown, until the day is archived. Superseded ones go at the end of the run.
 */
async function removeDevice(run: Run, tenant: string, device: string): Promise<void> {
  run.log(`removing device ${device} from the archive of tenant ${tenant}`);
  const known = await archivedObjects(run.client, 'o.tenant_id = $1', [tenant]);
  const superseded = await supersededObjects(run.client);
  const stored = (await run.store.list(tenantFolder(tenant))).map(({ name }) => name);
  for (const name of stored) {
    if (superseded.includes(name)) continue;
    await withoutDevice(
      run,
      name,
      tenant,
      device,
      known.find((object) => object.name === name),
    );
  }
  // Of a removal that was cut short.
  for (const { name } of known) if (!stored.includes(name)) await removeObject(run, name);
}

/** @param object what the database knows of it. */
async function withoutDevice(run: Run, former: string, tenant: string, device: string, object?: Archived) {
  const { duck, folder } = run;
  const left = newFile(folder);
  const whole = await fetchObject(run, former);
  const readings = tableOf(whole);
  const isOf = `device_id = ${quote(device)}::uuid`;
  const count = duck.rows(`select count(*) as n from ${readings} where ${isOf}`);
  // An unknown one that cannot be read is the rest of an upload.
  const [found] = object ? await count : await count.catch(() => []);
  if (found === undefined) await removeObject(run, former);
  else if (found.n !== 0n) {
    const select = `select * from ${readings} where not ${isOf}`;
    await duck.run(`copy (${select}) to ${quote(left)} (format parquet, compression zstd)`);
    const facts = await factsOf(duck, left);
    if (facts.rows > 0n) {
      const day = former.slice(tenantFolder(tenant).length + 'day='.length).slice(0, 10);
      const name = objectName(tenant, day, facts.checksum);
      await storeVerified(run, name, left, facts);
      const { size: bytes } = await stat(left);
      const source = object?.released ? undefined : object?.source;
      if (object) await note(run.client, { name, tenant, day, bytes, ...facts, ...(source && { source }) });
    }
    await removeObject(run, former);
  }
  for (const file of [left, whole]) await rm(file, { force: true });
}
