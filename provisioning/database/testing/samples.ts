// A row that could be inserted into each table for a tenant, and a change that could be made to it.
import { randomBytes, randomUUID } from 'node:crypto';
import { SAMPLE_HASH, type Tenant, type World } from './world.ts';

/** Values by column. */
export type Values = Record<string, unknown>;

interface Sample {
  insert(tenant: Tenant, world: World): Values;
  update: Values;
}

const reading = (ts: Date | string): Sample => ({
  insert: ({ id, device }) => ({ tenant_id: id, device_id: device, ts, message_id: randomUUID(), payload: {} }),
  update: { payload: '{}' },
});

/** By table; a day's partition as `ingest.telemetry_<day>`. */
export const SAMPLES: Record<string, Sample> = {
  'public.tenants': {
    insert: () => ({ id: randomUUID(), slug: 'new', name: 'New' }),
    update: { name: 'Changed' },
  },
  'public.memberships': {
    insert: ({ id }, { stranger }) => ({ tenant_id: id, user_id: stranger.sub, email: stranger.email, role: 'owner' }),
    update: { email: 'changed@nowhere.example' },
  },
  'public.invitations': {
    insert: ({ id }) => ({ tenant_id: id, email: 'x@y.example', role: 'owner', token_hash: Buffer.alloc(32) }),
    update: { role: 'owner' },
  },
  'public.api_tokens': {
    insert: ({ id }) => ({
      tenant_id: id,
      name: 'New',
      scopes: ['devices'],
      token_hash: randomBytes(32),
      expires_at: new Date(Date.now() + 3_600_000),
    }),
    update: { calls: 1 },
  },
  'public.audit_log': {
    insert: ({ id }) => ({ tenant_id: id, action: 'device.created' }),
    update: { action: 'changed' },
  },
  'public.deletions': {
    insert: ({ id }) => ({ kind: 'device', tenant_id: id, device_id: randomUUID(), asked_by: 'owner', stage: 'rows' }),
    update: { removed: 1 },
  },
  'public.archive_requests': {
    insert: ({ id }) => ({ tenant_id: id, first_day: '2020-01-01', last_day: '2020-01-31' }),
    update: { last_day: '2020-01-30' },
  },
  'public.archive_links': {
    insert: ({ id, archiveRequest }) => ({
      request_id: archiveRequest,
      tenant_id: id,
      name: `archive/tenant=${id}/day=2020-01-01/${'3'.repeat(32)}.parquet`,
      day: '2020-01-01',
      rows: 1,
      bytes: 1,
      url: '/archive/mine',
      ends_at: '2099-01-01',
    }),
    update: { url: '/archive/other' },
  },
  'public.devices': {
    insert: ({ id }) => ({ tenant_id: id, slug: 'new', name: 'New' }),
    update: { name: 'Changed' },
  },
  'public.device_credentials': {
    insert: ({ id, spareDevice }) => ({ tenant_id: id, device_id: spareDevice, password_hash: SAMPLE_HASH }),
    update: { revoked_at: new Date() },
  },
  'public.device_commands': {
    insert: ({ id, device }) => ({ tenant_id: id, device_id: device, payload: {} }),
    update: { sent_at: new Date() },
  },
  'public.device_status': {
    insert: ({ id, spareDevice }) => ({ tenant_id: id, device_id: spareDevice, last_received_at: new Date() }),
    update: { last_received_at: new Date() },
  },
  'public.device_state': {
    insert: ({ id, spareDevice }) => ({ tenant_id: id, device_id: spareDevice, reported: {} }),
    update: { reported: '{"changed": true}' },
  },
  'ingest.retained_of_deleted': {
    insert: ({ slug }) => ({ tenant_slug: slug, device_slug: 'new' }),
    update: { device_slug: 'changed' },
  },
  'public.telemetry': reading(new Date()),
  'ingest.telemetry_<day>': reading(new Date()),
  'ingest.telemetry_before': reading('2000-01-01'),
  'ingest.telemetry_default': reading('2099-01-01'),
  'public.telemetry_rollups': {
    insert: ({ id, device }) => ({
      tenant_id: id,
      device_id: device,
      step: 60,
      bucket: '2020-01-01',
      readings: 20,
      fields: {},
      is_whole: true,
    }),
    update: { readings: 21 },
  },
  'ingest.gone_devices': {
    insert: ({ id, spareDevice }) => ({ tenant_id: id, device_id: spareDevice }),
    update: { device_id: '00000000-0000-4000-8000-000000000001' },
  },
  'ingest.rule_states': {
    insert: ({ id, rule, spareDevice }) => ({
      tenant_id: id,
      rule_id: rule,
      device_id: spareDevice,
      met: true,
      also_met: true,
    }),
    update: { met: false },
  },
  'ingest.rollup_work': {
    insert: ({ id, spareDevice }) => ({ tenant_id: id, device_id: spareDevice, due_at: new Date() }),
    update: { failures: 1 },
  },
  'public.dead_letters': {
    insert: ({ id }) => ({ tenant_id: id, topic: 't', payload: 'x', reason: 'r', fingerprint: randomUUID() }),
    update: { redriven_at: new Date() },
  },
  'public.ingest_ledger': {
    insert: ({ id }) => ({
      tenant_id: id,
      minute: '2020-01-01',
      received: 0,
      stored: 0,
      duplicate: 0,
      rejected: 0,
      over_quota: 0,
    }),
    update: { received: 0 },
  },
  'public.dead_letter_counts': {
    insert: ({ id }) => ({ tenant_id: id, hour: '2020-01-01', reason: 'r' }),
    update: { removed: 1 },
  },
  'public.usage_days': {
    insert: ({ id }) => ({ tenant_id: id, day: '2020-01-01' }),
    update: { ai_tokens: 1 },
  },
  'public.question_settings': {
    insert: ({ id }) => ({ tenant_id: id, is_on: true }),
    update: { is_on: false },
  },
  'public.question_days': {
    insert: ({ id }) => ({ tenant_id: id, day: '2020-01-01' }),
    update: { tokens: 0 },
  },
  'ingest.question_months': {
    insert: () => ({ month: '2020-01-01' }),
    update: { micros: 0 },
  },
  'ingest.question_calls': {
    insert: ({ id }) => ({
      tenant_id: id,
      user_id: id,
      kind: 'tenant',
      key: Buffer.alloc(32, 2),
      model: 'm',
      tokens: 1,
      micros: 1,
      reserved_at: '2020-01-01',
      expires_at: '2020-01-01',
    }),
    update: { tokens: 2 },
  },
  'ingest.question_answers': {
    insert: ({ id }) => ({ tenant_id: id, key: Buffer.alloc(32, 2), answer: 'x', model: 'm', tokens: 1, micros: 1 }),
    update: { answer: 'changed' },
  },
  'access.question_offer': {
    insert: () => ({
      id: true,
      provider: 'mine.example',
      models: ['m'],
      prices_from: '2020-01-01',
      tokens_day: 1,
      tokens_month: 1,
      micros_day: 1,
      micros_month: 1,
      platform_micros_month: 1,
    }),
    update: { tokens_day: 2 },
  },
  'ingest.usage_due': {
    insert: () => ({ day: '2020-01-01' }),
    update: { day: '2020-01-02' },
  },
  'ingest.usage_progress': {
    insert: () => ({ id: false, counted_until: new Date() }),
    update: { after_tenant: null },
  },
  'ingest.database_sizes': {
    insert: () => ({ day: '2020-01-01', bytes: 1 }),
    update: { bytes: 2 },
  },
  'public.refusals': {
    insert: ({ id }) => ({ tenant_id: id, hour: '2020-01-01', reason: 'rate', times: 1 }),
    update: { times: 2 },
  },
  'public.device_refusals': {
    insert: ({ id, spareDevice }) => ({
      tenant_id: id,
      device_id: spareDevice,
      reason: 'rate',
      refused_at: new Date(),
    }),
    update: { reason: 'will' },
  },
  'public.tenant_limits': {
    insert: ({ id }) => ({ tenant_id: id, readings_per_day: null }),
    update: { readings_per_day: null },
  },
  'public.field_names': {
    insert: ({ id }) => ({ tenant_id: id, field: 'new', unit: 'K' }),
    update: { unit: 'K' },
  },
  'public.reading_rules': {
    insert: ({ id, device }) => ({ tenant_id: id, device_id: device, senml: true }),
    update: { senml: null },
  },
  'access.platform_limits': {
    insert: () => ({ id: true }),
    update: { tenants_per_person: 1 },
  },
  'access.temporary_limits': {
    insert: ({ id }) => ({ tenant_id: id, name: 'max_rules', value: 1, until: '2099-01-01' }),
    update: { value: 2 },
  },
  'access.refused_slugs': {
    insert: (_, { newcomer }) => ({ user_id: newcomer.sub, day: '2020-01-01', attempts: 1 }),
    update: { attempts: 2 },
  },
  'public.alert_rules': {
    insert: ({ id, device }) => ({
      tenant_id: id,
      name: 'New',
      kind: 'threshold',
      device_id: device,
      tag: null,
      field: 't',
      comparison: 'above',
      threshold: 1,
      wanted: null,
      for_minutes: 10,
      also_field: 'door',
      also_comparison: 'is',
      also_threshold: null,
      also_wanted: 'open',
      window_minutes: 5,
      severity: 'info',
      enabled: true,
    }),
    update: {
      name: 'Changed',
      kind: 'rate',
      device_id: null,
      tag: 'new',
      field: 't',
      comparison: 'above',
      threshold: 1,
      wanted: null,
      for_minutes: null,
      also_field: null,
      also_comparison: null,
      also_threshold: null,
      also_wanted: null,
      window_minutes: 5,
      severity: 'info',
      enabled: false,
    },
  },
  'public.alerts': {
    insert: ({ id, spareDevice, rule }) => ({
      tenant_id: id,
      device_id: spareDevice,
      rule_id: rule,
      opened_at: new Date(),
      last_seen_at: new Date(),
      message: 'new',
    }),
    update: { resolved_at: new Date() },
  },
  'public.alert_rule_progress': {
    insert: ({ id, rule }) => ({ tenant_id: id, rule_id: rule }),
    update: { problem: 'changed' },
  },
  'public.notification_channels': {
    insert: ({ id }) => ({ tenant_id: id, name: 'New', kind: 'webhook', destination: 'new.example' }),
    update: { name: 'Changed' },
  },
  'public.notification_routes': {
    insert: ({ id, channel }) => ({ tenant_id: id, channel_id: channel, severities: ['info'] }),
    update: { digest_above: 5 },
  },
  'public.notifications': {
    insert: ({ id, channel }) => ({ tenant_id: id, channel_id: channel, transition: 'test', content: {} }),
    update: { error: 'changed' },
  },
  'ingest.channel_states': {
    insert: ({ id, spareChannel }) => ({ tenant_id: id, channel_id: spareChannel }),
    update: { failures: 1 },
  },
  'ingest.mail_use': {
    insert: ({ id }) => ({ tenant_id: id, day: '2020-01-01', mails: 0, confirmations: 0 }),
    update: { mails: 1 },
  },
  'ingest.test_use': {
    insert: ({ id }) => ({ tenant_id: id, tests: 0 }),
    update: { tests: 1 },
  },
  'ingest.asked_addresses': {
    insert: () => ({ address: Buffer.alloc(32), day: '2020-01-01', confirmations: 0 }),
    update: { confirmations: 1 },
  },
  'ingest.notification_totals': {
    insert: () => ({ id: true }),
    update: { sent: 1 },
  },
  'access.notification_sender': {
    insert: () => ({ id: true, key_id: '0'.repeat(16), public_key: 'A'.repeat(87) }),
    update: { mail_from: 'changed@nowhere.example' },
  },
  'ingest.tenant_cursors': {
    insert: ({ id }) => ({ tenant_id: id, judged: '1' }),
    update: { judged: '1' },
  },
  'ingest.untimed': {
    insert: ({ id, device }) => ({
      tenant_id: id,
      device_id: device,
      message_id: randomUUID(),
      ts: new Date(),
      session: 's',
      packet_id: 1,
      content_hash: 'h',
    }),
    update: { content_hash: 'changed' },
  },
  'ingest.dead_letter_use': {
    // Each tenant with a letter has its row.
    insert: ({ id }) => ({ tenant_id: id, letters: 0, bytes: 0 }),
    update: { letters: 0 },
  },
  'ingest.quota_use': {
    insert: ({ id }) => ({ tenant_id: id, filled_at: new Date(), day: '2020-01-01', stored: 0 }),
    update: { stored: 0 },
  },
  'ingest.totals': {
    insert: () => ({ slot: 1 }),
    update: { received: 0 },
  },
  'ingest.refusals_told': {
    insert: ({ id }) => ({ tenant_id: id, since: 1, counts: {} }),
    update: { since: 2 },
  },
  'ingest.leases': {
    insert: () => ({ name: 'mine', holder: 'me', fence: 1, expires_at: new Date() }),
    update: { holder: 'me' },
  },
  'ingest.job_runs': {
    insert: () => ({ name: 'mine', started_at: new Date() }),
    update: { ok: true },
  },
  'ingest.beats': {
    insert: () => ({ part: 'control', late_at: new Date() }),
    update: { late_at: '2020-01-01' },
  },
  'ingest.canaries': {
    insert: () => ({ session: 'mine' }),
    update: { missed_at: new Date() },
  },
  'ingest.outages': {
    insert: () => ({ began_at: new Date(), ended_at: new Date() }),
    update: { began_at: '2020-01-01' },
  },
  'access.maintenance': {
    insert: () => ({ reason: 'r', ends_at: new Date(Date.now() + 60_000), started_by: 'me' }),
    update: { ended_by: 'me' },
  },
  'ingest.backups': {
    insert: () => ({ kind: 'drill', name: 'mine', started_at: new Date() }),
    update: { problem: 'changed' },
  },
  'ingest.retention': {
    insert: () => ({ one: true }),
    update: { archive: true },
  },
  'ingest.tenant_retention': {
    insert: ({ id }) => ({ tenant_id: id, days: 7 }),
    update: { days: 8 },
  },
  'ingest.chosen_retention': {
    insert: ({ id }) => ({ tenant_id: id, days: 7, since: '2020-01-01' }),
    update: { days: 8 },
  },
  'ingest.sessions_of_deleted': {
    insert: () => ({ tenant_slug: 'mine', device_slug: 'mine' }),
    update: { next_at: new Date() },
  },
  'ingest.retired_days': {
    insert: () => ({ day: '2020-01-02' }),
    update: { held_until: new Date() },
  },
  'ingest.retired_rows': {
    insert: ({ id, device }) => ({
      tenant_id: id,
      device_id: device,
      ts: new Date(),
      message_id: 'mine',
      payload: {},
      day: '2020-01-01',
    }),
    update: { day: '2020-01-02' },
  },
  'ingest.archive_objects': {
    insert: ({ id }) => ({
      name: `archive/tenant=${id}/day=2020-01-01/${'2'.repeat(32)}.parquet`,
      tenant_id: id,
      day: '2020-01-01',
      source: 'retired_rows',
      rows: 1,
      checksum: '2'.repeat(32),
      bytes: 1,
    }),
    update: { bytes: 2 },
  },
  'ingest.archive_removals': {
    insert: ({ id }) => ({ tenant_id: id }),
    update: { done_at: new Date() },
  },
  'ingest.archive_runs': {
    insert: () => ({ started_at: new Date(), rows: 1, bytes: 1 }),
    update: { rows: 2 },
  },
  'broker.service_accounts': {
    insert: () => ({ username: 'svc-mine', password_hash: SAMPLE_HASH, purpose: 'control' }),
    update: { purpose: 'control' },
  },
  'broker.former_topics': {
    insert: ({ id, device, slug }) => ({ topic: `new/${slug}`, tenant_id: id, device_id: device, until: '2099-01-01' }),
    update: { until: '2099-02-01' },
  },
};
