// Topics from before the platform that devices keep, each until a day: which device keeps which, and which are in an old table.
import { type ClientBase, escapeIdentifier } from 'pg';
import { assertFormerTopic, formerTopicOf } from '../../domain/former-topics.ts';
import { deviceUsername, isSlug } from '../../domain/identifiers.ts';
import { inTransaction } from './connect.ts';
import type { DeviceName } from './registry.ts';

/** A topic that is or was kept. */
export interface FormerTopic {
  topic: string;
  /** Null when it was removed. */
  tenant: string | null;
  /** Null when it was deleted. */
  device: string | null;
  /** The last day, in UTC: 2027-03-31. */
  until: string;
  inForce: boolean;
}

const TODAY = "(now() at time zone 'UTC')::date";
/** Topics with an earlier last day are free: no message on the broker can become another tenant's. The migration explains the 15 days. */
const FREE = `${TODAY} - 15`;

/**
 * Lets a device publish to a topic, and below it, until the end of a day. For a topic that is kept already, changes the day, or the
 * device within its tenant.
 * @throws Error if the device does not exist, the day has passed, or the topic is another tenant's.
 */
export async function keepTopic(
  client: ClientBase,
  { tenant, device, topic, until }: DeviceName & { topic: string; until: string },
): Promise<void> {
  assertFormerTopic(topic);
  await inTransaction(client, async () => {
    const taken = await client.query(
      `delete from broker.former_topics where topic = $1 and until < ${FREE}
       and tenant_id is distinct from (select id from public.tenants where slug = $2)`,
      [topic, tenant],
    );
    await upsertTopic(client, { tenant, device, topic, until, wasAnothers: taken.rowCount === 1 });
  });
}

async function upsertTopic(
  client: ClientBase,
  { tenant, device, topic, until, wasAnothers }: DeviceName & { topic: string; until: string; wasAnothers: boolean },
): Promise<void> {
  const username = deviceUsername(tenant, device);
  const { rows } = await client.query<{ ended: boolean; kept: boolean }>(
    `with device as (
       select d.tenant_id, d.id from public.devices as d join public.tenants as t on t.id = d.tenant_id
       where t.slug = $1 and d.slug = $2
     ), kept as (
       insert into broker.former_topics as known (topic, tenant_id, device_id, until, tenant_since)
       select $3, tenant_id, id, $4::date, case when $5 then now() else '-infinity' end from device where $4::date >= ${TODAY}
       on conflict (topic) do update set device_id = excluded.device_id, until = excluded.until
       where known.tenant_id = excluded.tenant_id
       returning 1
     )
     select $4::date < ${TODAY} as ended, exists (select from kept) as kept from device`,
    [tenant, device, topic, until, wasAnothers],
  );
  const [found] = rows;
  if (found === undefined) throw new Error(`there is no device "${username}": see "device list"`);
  if (found.ended) throw new Error(`${until} has passed: give a later day with --until`);
  if (!found.kept) {
    throw new Error(
      `${topic} is another tenant's until 14 days after its last day: messages may wait there. See "device former-topic list"; if nobody has ever published there, "device former-topic remove ${topic} --unused"`,
    );
  }
}

/** All that are not free, or those of one tenant, sorted by topic. */
export async function listFormerTopics(client: ClientBase, tenant?: string): Promise<FormerTopic[]> {
  const { rows } = await client.query<FormerTopic>(
    `select f.topic, t.slug as tenant, d.slug as device, f.until::text as until, f.until >= ${TODAY} as "inForce"
     from broker.former_topics as f
     left join public.tenants as t on t.id = f.tenant_id
     left join public.devices as d on d.id = f.device_id
     where f.until >= ${FREE} and ($1::text is null or t.slug = $1)
     order by 1`,
    [tenant ?? null],
  );
  return rows;
}

/**
 * Ends a topic now. Messages that wait on the broker are still stored, so it stays its tenant's for 14 days.
 * @param unused nobody has ever published there: it is free at once. @throws Error if no device keeps it.
 */
export async function endTopic(client: ClientBase, topic: string, unused = false): Promise<void> {
  const { rowCount } = await client.query(
    unused
      ? `update broker.former_topics set until = least(until, ${FREE} - 1) where topic = $1`
      : `update broker.former_topics set until = least(until, ${TODAY} - 1) where topic = $1`,
    [topic],
  );
  if (rowCount === 0) throw new Error(`no device keeps ${topic}: see "device former-topic list"`);
}

/** A topic in an old table, and the devices that might keep it. */
export interface SeenTopic {
  /** Its first two levels, or all of it if no device may keep it. */
  topic: string;
  rows: number;
  canBeKept: boolean;
  /** The device that keeps it, or those with its name: if there are none or several, people must decide. */
  devices: DeviceName[];
  isKept: boolean;
}

/** The topics of a table with a column `topic`, most rows first. Reads all of it. @param table `schema.table`. */
export async function seenTopics(client: ClientBase, table: string): Promise<SeenTopic[]> {
  const names = table.split('.').map(escapeIdentifier).join('.');
  const { rows } = await client.query<{ topic: string; n: string }>(
    `select split_part(topic, '/', 1) || coalesce('/' || nullif(split_part(topic, '/', 2), ''), '') as topic, count(*) as n
     from ${names} where topic is not null group by 1 order by 2 desc, 1`,
  );
  const kept = new Map((await listFormerTopics(client)).map((one) => [one.topic, one]));
  const { rows: devices } = await client.query<DeviceName>(
    'select t.slug as tenant, d.slug as device from public.devices as d join public.tenants as t on t.id = d.tenant_id order by 1, 2',
  );
  return rows.map(({ topic, n }) => {
    const canBeKept = formerTopicOf(topic) === topic;
    const keeper = kept.get(topic);
    const slug = slugOf(topic.split('/')[1] ?? '');
    const found =
      keeper?.tenant != null && keeper.device !== null
        ? [{ tenant: keeper.tenant, device: keeper.device }]
        : devices.filter(({ device }) => canBeKept && device === slug);
    return { topic, rows: Number(n), canBeKept, devices: found, isKept: keeper?.inForce === true };
  });
}

/** The likely name of a device with such an id: `AA:BB_1` is `aa-bb-1`. */
function slugOf(id: string): string | undefined {
  const slug = id.toLowerCase().replaceAll(/[._:]/g, '-');
  return isSlug(slug) ? slug : undefined;
}
