// Topics that devices keep from before the platform, each until a day: who keeps which, and which an old table has seen.
import { type ClientBase, escapeIdentifier } from 'pg';
import { assertFormerTopic, formerTopicOf } from '../../domain/former-topics.ts';
import { deviceUsername, isSlug } from '../../domain/identifiers.ts';
import { inTransaction } from './connect.ts';
import type { DeviceName } from './registry.ts';

/** A topic that is kept, or was. */
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
/** Earlier last days are free: nothing waits on the broker that could become another tenant's. The migration says why 15. */
const FREE = `${TODAY} - 15`;

/**
 * Lets a device publish to a topic, and below it, through a day. The same topic again sets another day, or another device of
 * the tenant.
 * @throws Error when there is no such device, the day is over, or the topic is another tenant's.
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
  if (found.ended) throw new Error(`${until} is over: give a later day with --until`);
  if (!found.kept) {
    throw new Error(
      `${topic} is another tenant's until 14 days after its last day: messages may wait there. See "device former-topic list"; if nobody ever published there, "device former-topic remove ${topic} --unused"`,
    );
  }
}

/** All that are not free, or one tenant's, sorted by topic. */
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
 * Ends a topic now. What waits on the broker is still stored, so it stays its tenant's for 14 days.
 * @param unused nobody ever published there: it is free at once. @throws Error when nobody keeps it.
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

/** A topic of an old table, and who might keep it. */
export interface SeenTopic {
  /** Its first two levels, or all of it where that is nothing a device may keep. */
  topic: string;
  rows: number;
  canBeKept: boolean;
  /** Who keeps it, or whose name says so: none, or several, are for people to decide. */
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

/** What a device of such an id is most likely called now: `AA:BB_1` is `aa-bb-1`. */
function slugOf(id: string): string | undefined {
  const slug = id.toLowerCase().replaceAll(/[._:]/g, '-');
  return isSlug(slug) ? slug : undefined;
}
