// Two tenants that have everything, and somebody who belongs to neither: what isolation is tried on.
import { randomUUID } from 'node:crypto';
import type { ClientBase } from 'pg';
import type { Claims } from './database.ts';

/** A signed-in person. */
export type Person = Required<Claims>;

/** One tenant and the ids of one row of each kind. */
export interface Tenant {
  id: string;
  slug: string;
  owner: Person;
  staff: Person;
  viewer: Person;
  /** Another viewer, to whom things are done. */
  bystander: Person;
  device: string;
  /** Has no key. */
  spareDevice: string;
  rule: string;
  alert: string;
  invitation: string;
  /** Of the invitation, for `newcomer`. */
  token: string;
  letter: string;
  command: string;
  channel: string;
  /** Nothing is known of how it does. */
  spareChannel: string;
  route: string;
  /** Of the mails to `channel`. */
  channelToken: string;
  apiToken: string;
  archiveRequest: string;
  /** The token itself, as its program sends it. */
  apiTokenText: string;
}

/** Everybody there is. */
export interface World {
  a: Tenant;
  b: Tenant;
  /** Signed in, member of nothing. */
  stranger: Person;
  /** Signed in, member of nothing, invited to both. */
  newcomer: Person;
}

/** A well-formed hash of no key. */
export const SAMPLE_HASH = `$7$101$${'A'.repeat(16)}$${'A'.repeat(86)}==`;

/** Of the platform's key for channels, which nobody has. */
export const SAMPLE_KEY_ID = '0123456789abcdef';

/** Lets people make tenants; the default is that the operator makes them. */
export const SELF_SERVICE = 'update access.platform_limits set tenants_per_person = 5';

const sha256 = async (text: string) =>
  Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));

/** A person the auth server knows. */
export async function makePerson(client: ClientBase, email: string): Promise<Person> {
  const sub = randomUUID();
  await client.query('insert into auth.users (id, email) values ($1, $2)', [sub, email]);
  return { sub, email };
}

/** Two tenants with rows in every table that has a tenant, and rows of no tenant where there can be. */
export async function makeWorld(client: ClientBase): Promise<World> {
  const stranger = await makePerson(client, 'stranger@nowhere.example');
  const newcomer = await makePerson(client, 'newcomer@nowhere.example');
  const a = await makeTenant(client, 'acme', newcomer);
  const b = await makeTenant(client, 'globex', newcomer);
  await client.query(`
    ${SELF_SERVICE};
    insert into access.refused_slugs (user_id, day, attempts) values ('${stranger.sub}', '2020-01-01', 1);
    insert into public.dead_letters (topic, payload, reason, fingerprint) values ('nobody/s', 'x', 'bad-topic', 'nobody');
    insert into public.ingest_ledger (tenant_id, minute, received, stored, duplicate, rejected, over_quota)
      values ('00000000-0000-0000-0000-000000000000', date_trunc('minute', now()), 1, 0, 0, 0, 0);
    insert into broker.service_accounts (username, password_hash, purpose) values ('svc-ingest', '${SAMPLE_HASH}', 'ingest');
    insert into ingest.leases (name, holder, fence, expires_at) values ('ingest', 'nobody', 1, now());
    insert into access.notification_sender (key_id, public_key, mail_from)
      values ('${SAMPLE_KEY_ID}', '${'A'.repeat(87)}', 'alerts@platform.example');
    insert into ingest.job_runs (name, started_at, finished_at, ok) values ('every_minute', now(), now(), true);
    insert into ingest.beats (part, late_at) values ('ingest', now());
    insert into ingest.canaries (session, published_at, came_at) values ('ingest svc-ingest', now(), now());
    insert into ingest.asked_addresses (address, day, confirmations) values (sha256('ops@b.example'), current_date, 1);
    insert into access.maintenance (reason, started_at, ends_at, started_by)
      values ('a larger disk', now() - interval '2 hours', now() - interval '1 hour', 'operator');
    insert into ingest.usage_due (day) values ('2026-11-29');
    insert into ingest.database_sizes (day, bytes) values ('2026-11-29', 1);
    insert into ingest.backups (kind, name, started_at) values ('backup', 'backup-20261130T021500Z', now());
    insert into ingest.retired_days (day, dropped_at) values ('2020-01-01', now());
    insert into ingest.archive_runs (started_at, rows, bytes) values (now(), 1, 1);
    insert into ingest.question_months (month, calls, tokens, micros) values ('2026-11-01', 1, 1, 1);
    insert into access.question_offer
      (provider, models, prices_from, tokens_day, tokens_month, micros_day, micros_month, platform_micros_month)
      values ('models.example', '{small}', '2026-11-01', 1000, 10000, 1000, 10000, 100000)`);
  return { a, b, stranger, newcomer };
}

async function makeTenant(client: ClientBase, slug: string, newcomer: Person): Promise<Tenant> {
  const people = {
    owner: await makePerson(client, `owner@${slug}.example`),
    staff: await makePerson(client, `staff@${slug}.example`),
    viewer: await makePerson(client, `viewer@${slug}.example`),
    bystander: await makePerson(client, `bystander@${slug}.example`),
  };
  const ids = {
    id: randomUUID(),
    device: randomUUID(),
    spareDevice: randomUUID(),
    rule: randomUUID(),
    alert: randomUUID(),
    archiveRequest: randomUUID(),
    invitation: randomUUID(),
    command: randomUUID(),
    channel: randomUUID(),
    spareChannel: randomUUID(),
    route: randomUUID(),
    apiToken: randomUUID(),
  };
  const token = `token of ${slug}`;
  const insert = async (table: string, values: Record<string, unknown>) => {
    const columns = Object.keys(values);
    const marks = columns.map((_, n) => `$${n + 1}`).join(', ');
    return client.query(
      `insert into ${table} (${columns.join(', ')}) values (${marks}) returning *`,
      Object.values(values),
    );
  };
  const tenant_id = ids.id;
  const device = { tenant_id, device_id: ids.device };
  const now = new Date();
  await insert('public.tenants', { id: ids.id, slug, name: slug });
  for (const [role, { sub, email }] of Object.entries(people)) {
    await insert('public.memberships', {
      tenant_id,
      user_id: sub,
      email,
      role: role === 'bystander' ? 'viewer' : role,
    });
  }
  await insert('public.invitations', {
    id: ids.invitation,
    tenant_id,
    email: newcomer.email,
    role: 'viewer',
    invited_by: people.owner.sub,
    token_hash: await sha256(token),
  });
  await insert('public.devices', { id: ids.device, tenant_id, slug: 'sensor-1', name: 'Sensor 1', tags: ['hot'] });
  await insert('public.devices', { id: ids.spareDevice, tenant_id, slug: 'sensor-2', name: 'Sensor 2' });
  await insert('public.device_credentials', { ...device, password_hash: SAMPLE_HASH });
  await insert('public.device_status', { ...device, last_received_at: now, fields: { t: [5, 0, 0] } });
  await insert('public.telemetry', { ...device, ts: now, message_id: 'today', payload: { t: 5 } });
  await insert('public.telemetry', { ...device, ts: '2099-01-01', message_id: 'far ahead', payload: { t: 5 } });
  await insert('public.telemetry', { ...device, ts: '2001-01-01', message_id: 'long ago', payload: { t: 5 } });
  await insert('public.telemetry_rollups', {
    ...device,
    step: 86_400,
    bucket: '2020-01-01',
    readings: 1,
    fields: { t: [1, 5, 5, 5, 5] },
    is_whole: true,
  });
  await insert('ingest.rollup_work', { ...device, due_at: 'infinity' });
  const letter = await insert('public.dead_letters', {
    tenant_id,
    topic: `tenants/${slug}/devices/x/telemetry`,
    payload: 'x',
    reason: 'unknown-device',
    fingerprint: slug,
  });
  await insert('public.tenant_limits', { tenant_id, readings_per_day: 1000 });
  await insert('public.field_names', { tenant_id, field: 't', unit: '°C' });
  await insert('public.reading_rules', { tenant_id, time_members: ['Time'] });
  await insert('public.ingest_ledger', {
    tenant_id,
    minute: now,
    received: 2,
    stored: 1,
    duplicate: 0,
    rejected: 0,
    over_quota: 0,
  });
  await insert('public.usage_days', { tenant_id, day: '2026-11-29', readings: 1 });
  await insert('public.question_settings', { tenant_id, is_on: true });
  await insert('public.question_days', { tenant_id, day: '2026-11-29', calls: 1, tokens: 1, micros: 1 });
  const question = { tenant_id, key: Buffer.alloc(32, 1), model: 'small', tokens: 1, micros: 1 };
  await insert('ingest.question_calls', {
    ...question,
    user_id: people.owner.sub,
    kind: 'tenant',
    reserved_at: '2026-11-29',
    expires_at: '2026-11-29',
  });
  await insert('ingest.question_answers', { ...question, answer: 'x' });
  await insert('public.refusals', { tenant_id, hour: now, reason: 'rate', times: 1 });
  await insert('public.device_refusals', { ...device, reason: 'rate', refused_at: now });
  await insert('ingest.refusals_told', { tenant_id, since: 1, counts: {} });
  await insert('public.alert_rules', {
    id: ids.rule,
    tenant_id,
    name: 'hot',
    kind: 'threshold',
    field: 't',
    comparison: 'above',
    threshold: 1,
    window_minutes: 1440,
  });
  await insert('ingest.gone_devices', device);
  await insert('ingest.rule_states', { ...device, rule_id: ids.rule, met: false, also_met: false });
  await insert('public.alerts', {
    id: ids.alert,
    ...device,
    rule_id: ids.rule,
    opened_at: now,
    last_seen_at: now,
    message: 'hot',
    resolved_at: now,
  });
  const channelToken = `channel token of ${slug}`;
  const email = { tenant_id, kind: 'email', name: 'Mails' };
  await insert('public.notification_channels', { ...email, id: ids.channel, destination: `alerts@${slug}.example` });
  await insert('public.notification_channels', { ...email, id: ids.spareChannel, destination: `more@${slug}.example` });
  const token_hash = await sha256(channelToken);
  await insert('ingest.channel_states', { tenant_id, channel_id: ids.channel, token_hash });
  await insert('public.notification_routes', {
    id: ids.route,
    tenant_id,
    channel_id: ids.channel,
    severities: ['critical'],
  });
  await insert('public.notifications', {
    tenant_id,
    channel_id: ids.channel,
    alert_id: ids.alert,
    transition: 'opened',
    content: {},
  });
  await insert('ingest.mail_use', { tenant_id, day: now, mails: 1, confirmations: 1 });
  await insert('ingest.test_use', { tenant_id });
  await insert('public.device_commands', { id: ids.command, ...device, payload: { interval: 60 } });
  await client.query('insert into ingest.retained_of_deleted values ($1, $2) on conflict do nothing', ['gone', 'gone']);
  await client.query('insert into ingest.sessions_of_deleted values ($1, $2) on conflict do nothing', ['gone', 'gone']);
  await insert('ingest.untimed', {
    ...device,
    message_id: 'm',
    ts: now,
    session: 's',
    packet_id: 1,
    content_hash: 'h',
  });
  await insert('broker.former_topics', { ...device, topic: `devices/${slug}`, until: '2099-01-01' });
  await insert('public.dead_letter_counts', { tenant_id, hour: now, reason: 'not-json', not_kept: 1 });
  await insert('access.temporary_limits', { tenant_id, name: 'max_devices', value: 900, until: '2099-01-01' });
  await insert('public.deletions', {
    tenant_id,
    kind: 'device',
    device_id: randomUUID(),
    asked_by: 'owner',
    stage: 'rows again',
    finished_at: now,
  });
  await insert('ingest.tenant_retention', { tenant_id, days: 90 });
  await insert('ingest.retired_rows', { ...device, ts: now, message_id: 'late', payload: {}, day: '2020-01-01' });
  const objects = ['1', '3'].map((digit) => {
    return {
      name: `archive/tenant=${tenant_id}/day=2020-01-01/${digit.repeat(32)}.parquet`,
      tenant_id,
      day: '2020-01-01',
      source: 'retired_rows',
      rows: 1,
      checksum: digit.repeat(32),
      bytes: 1,
      released_at: now,
    };
  });
  for (const object of objects) await insert('ingest.archive_objects', object);
  const ends_at = '2099-01-01';
  const request = { id: ids.archiveRequest, tenant_id, first_day: '2020-01-01', last_day: '2020-01-31' };
  // Asked before today, so that an owner may ask again.
  await insert('public.archive_requests', { ...request, asked_at: '2020-02-01', made_at: now, ends_at });
  const { name } = objects[0]!;
  await insert('public.archive_links', {
    request_id: ids.archiveRequest,
    tenant_id,
    name,
    day: '2020-01-01',
    rows: 1,
    bytes: 1,
    url: `/archive/of-${slug}`,
    ends_at,
  });
  await insert('ingest.chosen_retention', { tenant_id, days: 60, since: '2020-01-01' });
  await insert('ingest.archive_removals', { tenant_id, done_at: now });
  await insert('ingest.quota_use', { tenant_id, filled_at: now, day: now, stored: 1 });
  const apiTokenText = `mst_of_${slug}`;
  await insert('public.api_tokens', {
    id: ids.apiToken,
    tenant_id,
    name: 'Report',
    scopes: ['devices', 'telemetry', 'alerts'],
    token_hash: await sha256(apiTokenText),
    expires_at: new Date(Date.now() + 30 * 86_400_000),
  });
  return { ...ids, slug, ...people, token, channelToken, apiTokenText, letter: letter.rows[0].id as string };
}
