// What a stolen session of one tenant may try on another: as data, to be replayed as SQL and through the REST API.
//
// Not among them: forging the claims. `set_config('request.jwt.claims', …)` or `SET ROLE` would do it, but neither PostgREST nor a
// function of the platform runs a caller's SQL: the claims come from a token that the auth server signed.
import { randomUUID } from 'node:crypto';
import { TODAY } from './database.ts';
import { CALLS } from './functions.ts';
import { COLUMNS } from './matrix.ts';
import { SAMPLES, type Values } from './samples.ts';
import type { Tenant, World } from './world.ts';

/** One try. All but `sql` can be sent through the REST API. */
export type Attack = { name: string } & (
  | { verb: 'select' | 'delete'; table: string; columns?: string[]; where: Values }
  | { verb: 'update'; table: string; where: Values; values: Values }
  /** With `onConflict`, an upsert on those columns. */
  | { verb: 'insert'; table: string; values: Values; onConflict?: string[] }
  | { verb: 'rpc'; function: string; args: Values }
  | { verb: 'sql'; sql: string }
);

/** The tables of the API with a tenant's id, and the columns of their primary key that a thief could name. */
const TABLES: Record<string, (tenant: Tenant) => Values> = {
  tenants: ({ id }) => ({ id }),
  memberships: ({ id, viewer }) => ({ tenant_id: id, user_id: viewer.sub }),
  invitations: ({ invitation }) => ({ id: invitation }),
  api_tokens: ({ apiToken }) => ({ id: apiToken }),
  audit_log: ({ id }) => ({ tenant_id: id }),
  deletions: ({ id }) => ({ tenant_id: id }),
  archive_requests: ({ id }) => ({ tenant_id: id }),
  archive_links: ({ id }) => ({ tenant_id: id }),
  devices: ({ device }) => ({ id: device }),
  device_credentials: ({ device }) => ({ device_id: device }),
  device_commands: ({ command }) => ({ id: command }),
  device_status: ({ device }) => ({ device_id: device }),
  device_state: ({ device }) => ({ device_id: device }),
  telemetry: ({ device }) => ({ device_id: device }),
  telemetry_rollups: ({ device }) => ({ device_id: device }),
  dead_letters: ({ letter }) => ({ id: letter }),
  dead_letter_counts: ({ id }) => ({ tenant_id: id }),
  ingest_ledger: ({ id }) => ({ tenant_id: id }),
  usage_days: ({ id }) => ({ tenant_id: id }),
  question_settings: ({ id }) => ({ tenant_id: id }),
  question_days: ({ id }) => ({ tenant_id: id }),
  refusals: ({ id }) => ({ tenant_id: id }),
  device_refusals: ({ device }) => ({ device_id: device }),
  tenant_limits: ({ id }) => ({ tenant_id: id }),
  reading_rules: ({ id }) => ({ tenant_id: id }),
  field_names: ({ id }) => ({ tenant_id: id }),
  alert_rules: ({ rule }) => ({ id: rule }),
  alerts: ({ alert }) => ({ id: alert }),
  alert_rule_progress: ({ rule }) => ({ rule_id: rule }),
  notification_channels: ({ channel }) => ({ id: channel }),
  notification_routes: ({ route }) => ({ id: route }),
  notifications: ({ channel }) => ({ channel_id: channel }),
};

const VIEWS = ['alert_notifications', 'device_list', 'device_newest', 'device_tags', 'ingest_residuals'];

/** Tables of the API that have attacks: a test holds it against the catalog. */
export const ATTACKED = [...Object.keys(TABLES), ...VIEWS];

/** All that a member of `world.a`, or a stranger, tries on `victim`. The victim may be nobody: see `nobody()`. */
export function attacksOn(victim: Tenant, world: World): Attack[] {
  return [
    ...Object.entries(TABLES).flatMap(([table, key]) => onTable(table, key, victim, world)),
    ...VIEWS.map((table) => ({
      name: `read ${table}`,
      verb: 'select' as const,
      table,
      where: { tenant_id: victim.id },
    })),
    ...references(victim, world.a),
    // What the holder of a token may do: to call that with a token is not an attack.
    ...Object.keys(CALLS).flatMap((name) =>
      name === 'invitation_facts' || name === 'answer_notification_channel' ? [] : calls(name, victim, world.a),
    ),
  ];
}

function onTable(table: string, key: (tenant: Tenant) => Values, victim: Tenant, world: World): Attack[] {
  const own = table === 'tenants' ? 'id' : 'tenant_id';
  const where = { [own]: victim.id };
  const { insert, update } = SAMPLES[`public.${table}`]!;
  const columns = COLUMNS[`public.${table}`]?.authenticated?.select?.split(' ');
  const row = insert(victim, world);
  const stolenKey = { ...insert(world.a, world), ...key(victim) };
  return [
    { name: `read ${table} by tenant`, verb: 'select', table, columns, where },
    { name: `read ${table} by id`, verb: 'select', table, columns, where: key(victim) },
    { name: `read all of ${table}`, verb: 'select', table, columns, where: {} },
    { name: `read every column of ${table}`, verb: 'select', table, where },
    { name: `insert into ${table}`, verb: 'insert', table, values: row },
    { name: `insert a row with their key into ${table}`, verb: 'insert', table, values: stolenKey },
    {
      name: `upsert their row of ${table}`,
      verb: 'insert',
      table,
      values: { ...row, ...key(victim) },
      onConflict: PRIMARY[table],
    },
    {
      name: `upsert ${table} to take their row over`,
      verb: 'insert',
      table,
      values: stolenKey,
      onConflict: PRIMARY[table],
    },
    { name: `change ${table} by tenant`, verb: 'update', table, where, values: update },
    { name: `change ${table} by id`, verb: 'update', table, where: key(victim), values: update },
    { name: `move their ${table} to me`, verb: 'update', table, where, values: { [own]: world.a.id } },
    {
      name: `move my ${table} to them`,
      verb: 'update',
      table,
      where: { [own]: world.a.id },
      values: { [own]: victim.id },
    },
    { name: `delete from ${table} by tenant`, verb: 'delete', table, where },
    { name: `delete from ${table} by id`, verb: 'delete', table, where: key(victim) },
  ];
}

const PRIMARY: Record<string, string[]> = {
  ...Object.fromEntries(Object.keys(TABLES).map((table) => [table, ['id']])),
  memberships: ['tenant_id', 'user_id'],
  telemetry: ['tenant_id', 'device_id', 'ts', 'message_id'],
  dead_letter_counts: ['tenant_id', 'hour', 'reason'],
  ingest_ledger: ['tenant_id', 'minute'],
  usage_days: ['tenant_id', 'day'],
  archive_links: ['request_id', 'name'],
  question_settings: ['tenant_id'],
  question_days: ['tenant_id', 'day'],
  refusals: ['tenant_id', 'hour', 'reason'],
  device_refusals: ['tenant_id', 'device_id', 'reason'],
  device_status: ['tenant_id', 'device_id'],
  device_state: ['tenant_id', 'device_id'],
  alert_rule_progress: ['tenant_id', 'rule_id'],
  tenant_limits: ['tenant_id'],
  reading_rules: ['tenant_id', 'device_id'],
  field_names: ['tenant_id', 'field'],
  telemetry_rollups: ['tenant_id', 'device_id', 'step', 'bucket'],
};

/** My row that names something of theirs. */
function references(victim: Tenant, mine: Tenant): Attack[] {
  const rule = { tenant_id: mine.id, name: 'spy', kind: 'missing', window_minutes: 5 };
  return [
    {
      name: 'a rule of mine on their device',
      verb: 'insert',
      table: 'alert_rules',
      values: { ...rule, device_id: victim.device },
    },
    {
      name: 'my rule turned to their device',
      verb: 'update' as const,
      table: 'alert_rules',
      where: { id: mine.rule },
      values: { device_id: victim.device },
    },
  ];
}

/** A call with their ids; and, of a call with several ids, each alone being theirs. */
function calls(name: string, victim: Tenant, mine: Tenant): Attack[] {
  const theirs = CALLS[name]!(victim);
  const ours = CALLS[name]!(mine);
  const ids = Object.keys(theirs).filter(
    (key) => JSON.stringify(theirs[key]) !== JSON.stringify(ours[key]) && /_ids?$|^token$/.test(key),
  );
  if (ids.length === 0) return [];
  const whole: Attack = { name: `call ${name}`, verb: 'rpc', function: name, args: theirs };
  if (ids.length === 1) return [whole];
  return [
    whole,
    ...ids.map((key): Attack => {
      return {
        name: `call ${name} with their ${key} alone`,
        verb: 'rpc',
        function: name,
        args: { ...ours, [key]: theirs[key] },
      };
    }),
  ];
}

/** What a member tries in order to become more than they are. Not for owners, who may do most of it. */
export function escalations({ a }: World, me: { sub: string; email: string }): Attack[] {
  const mine = { tenant_id: a.id, user_id: me.sub };
  return [
    {
      name: 'become owner',
      verb: 'update',
      table: 'memberships',
      where: { user_id: me.sub },
      values: { role: 'owner' },
    },
    { name: 'make me owner', verb: 'rpc', function: 'change_role', args: { ...mine, role: 'owner' } },
    {
      name: 'join again as owner',
      verb: 'insert' as const,
      table: 'memberships',
      values: { ...mine, email: me.email, role: 'owner' },
      onConflict: ['tenant_id', 'user_id'],
    },
    {
      name: 'invite me as owner',
      verb: 'rpc' as const,
      function: 'create_invitation',
      args: { tenant_id: a.id, email: me.email, role: 'owner' },
    },
    { name: 'use somebody else’s invitation', verb: 'rpc', function: 'accept_invitation', args: { token: a.token } },
    {
      name: 'remove the owner',
      verb: 'rpc',
      function: 'remove_member',
      args: { tenant_id: a.id, user_id: a.owner.sub },
    },
    {
      name: 'read invitations',
      verb: 'select',
      table: 'invitations',
      columns: ['id', 'email'],
      where: { tenant_id: a.id },
    },
    { name: 'read the tokens’ hashes', verb: 'select', table: 'invitations', columns: ['token_hash'], where: {} },
    {
      name: 'read the keys’ hashes',
      verb: 'select',
      table: 'device_credentials',
      columns: ['password_hash'],
      where: {},
    },
    { name: 'read the API tokens', verb: 'select', table: 'api_tokens', columns: ['id', 'name'], where: {} },
    { name: 'read the API tokens’ hashes', verb: 'select', table: 'api_tokens', columns: ['token_hash'], where: {} },
    {
      name: 'make an API token',
      verb: 'rpc',
      function: 'create_api_token',
      args: { tenant_id: a.id, name: 'Mine', scopes: ['telemetry'], days: 1, sha256: 'b'.repeat(64) },
    },
    { name: 'read the links to the archive', verb: 'select', table: 'archive_links', columns: ['url'], where: {} },
    {
      name: 'ask for the archive',
      verb: 'rpc',
      function: 'ask_archive',
      args: { tenant_id: a.id, first_day: '2020-01-01', last_day: '2020-01-31' },
    },
    {
      name: 'shorten retention',
      verb: 'rpc',
      function: 'choose_retention',
      args: { tenant_id: a.id, days: 1, name: 'Acme' },
    },
    { name: 'read the audit log', verb: 'select', table: 'audit_log', where: {} },
    { name: 'raise my quota', verb: 'update', table: 'tenant_limits', where: {}, values: { readings_per_day: null } },
    { name: 'rewrite history', verb: 'delete', table: 'audit_log', where: {} },
  ];
}

/** What needs SQL of one's own, which the API does not run: a second line of defence. */
export function sqlAttacks(victim: Tenant): Attack[] {
  const hidden = [
    TODAY,
    'ingest.telemetry_default',
    'ingest.telemetry_before',
    'ingest.registered_devices',
    'ingest.leases',
  ];
  const statements = [
    ...[
      ...hidden,
      'ingest.untimed',
      'ingest.quota_use',
      'ingest.dead_letter_use',
      'ingest.retained_of_deleted',
      'ingest.sessions_of_deleted',
      'ingest.archive_objects',
      'access.temporary_limits',
      'broker.registry',
      'broker.heartbeats',
      'broker.service_accounts',
      'broker.former_topics',
      'ingest.former_topics',
      'auth.users',
    ].map((table) => `select * from ${table}`),
    `insert into ${TODAY} (tenant_id, device_id, ts, message_id, payload)
       values ('${victim.id}', '${victim.device}', now(), 'x', '{}')`,
    `insert into broker.former_topics (topic, tenant_id, device_id, until)
       values ('devices/mine', '${victim.id}', '${victim.device}', '2099-01-01')`,
    "update broker.former_topics set topic = 'devices/mine'",
    `update ${TODAY} set payload = '{}'`,
    `delete from ${TODAY}`,
    ...['public.telemetry', 'public.audit_log', TODAY].map((table) => `truncate ${table}`),
    'create trigger spy after insert on public.telemetry execute function access.audit()',
    'create policy spy on public.telemetry using (true)',
    'alter table public.telemetry disable row level security',
    'create table public.mine (id int)',
    'create function public.mine() returns int language sql return 1',
    'create view public.mine as select * from public.telemetry',
    'grant select on public.telemetry to anon',
    "select ingest.acquire_lease('ingest', 'me', '1 hour')",
    "select ingest.begin_run('every_minute', 3600000)",
    "select ingest.note_run('every_minute', 0, true)",
    `select ingest.add_to_ledger(now(), array['${victim.id}'::uuid], '{1}', '{0}', '{0}', '{0}', '{0}', '{0}')`,
    'select ingest.count_usage(1)',
    'select * from ingest.asked_objects()',
    'select * from ingest.sessions_to_end(10)',
    'select ingest.end_archive_links(10)',
    'select * from ingest.question_answers',
    'select * from access.question_offer',
    "select ingest.publish_questions('{}')",
    `select ingest.reserve_question('${victim.id}', '${victim.id}', null, 'tenant', sha256('x'), 'm', 1, 1)`,
    'select ingest.settle_question(gen_random_uuid(), 0, 0, null)',
    `select ingest.add_refusals('[{"tenant": "${victim.slug}", "since": 1, "counts": {"rate": 1}, "devices": {}}]')`,
    'select * from ingest.control_work(10, 1000)',
    `select ingest.control_done('[{"kind": "command", "command_id": "${victim.command}", "outcome": "gone"}]')`,
    `select ingest.note_reports(array['${victim.id}'::uuid], array['${victim.device}'::uuid], '{reported}', '{"{}"}', array[now()])`,
    'select public.evaluate_alert_rules()',
    "select access.use_token('telemetry')",
    'select * from public.read_devices()',
    'select access.reader_tenant()',
    'set local role tenant_reader',
    `select access.limit_of('${victim.id}', 'max_devices')`,
    `select ingest.thin_dead_letters('${victim.id}', 0, 0)`,
    "select ingest.prune('audit log', 1000)",
    `select access.require_role('${victim.id}', '{owner}')`,
    `select * from access.breaches('${victim.id}', 'threshold', null, 't', 'above', 0, 60, now() - interval '1 day', now())`,
    // A function of one's own in a policy's or a query's place sees rows before the policy: it must not be planned first.
    `select * from public.telemetry where tenant_id = '${victim.id}' or 1 / (case when tenant_id = '${victim.id}' then 0 else 1 end) > 0`,
    'copy public.devices to stdout',
    'copy (select * from public.telemetry) to stdout',
    "copy (select 1) to program 'true'",
    "select pg_read_file('PG_VERSION')",
  ];
  return statements.map((sql) => ({ name: sql.split('\n')[0]!, verb: 'sql', sql }));
}

/** Everything that would give a tenant away in an answer: its ids, names and addresses. */
export function secretsOf(tenant: Tenant): string[] {
  const people = [tenant.owner, tenant.staff, tenant.viewer, tenant.bystander];
  const { id, slug, device, spareDevice, rule, alert, invitation, command, apiToken, apiTokenText } = tenant;
  return [
    id,
    slug,
    device,
    spareDevice,
    rule,
    alert,
    invitation,
    command,
    apiToken,
    apiTokenText,
    ...people.flatMap(({ sub, email }) => [sub, email]),
  ];
}

/** A tenant that does not exist: an attack on it must be answered as one on a tenant that does. */
export function nobody({ b }: World): Tenant {
  const fresh = (value: unknown): unknown => {
    if (typeof value === 'object') return { sub: randomUUID(), email: 'nobody@nowhere.example' };
    return /^[0-9a-f-]{36}$/.test(String(value)) ? randomUUID() : value;
  };
  const copy = Object.fromEntries(Object.entries(b).map(([key, value]) => [key, fresh(value)]));
  return { ...(copy as unknown as Tenant), slug: 'nobody', token: 'no such token', letter: '999999' };
}
