// Who may call which function, and what it answers about the own tenant and about another: the expectation, and how it is
// found out.
import type { ClientBase } from 'pg';
import { type Actor, act } from './actors.ts';
import { SAMPLE_HASH, type Tenant, type World } from './world.ts';

// Each cell is `own/other`: the answer about tenant A, and about tenant B.
//   Y  it works
//   0  it works, and there is nothing: no row, or none counted
//   f  forbidden: a member whose role is too low, or an invitation for another address
//   n  not found: the same answer as to an id that does not exist
//   !  a bad argument, or a sign-in without an e-mail address
//   t  may call it, and may not read what it reads
//   -  may not call it
export const FUNCTION_MATRIX = `
function              owner  staff  viewer  stranger  anon  ingest  sync  service

my_tenants            Y/Y    Y/Y    Y/Y     0/0       -/-   -/-     -/-   -/-
create_tenant         Y/Y    Y/Y    Y/Y     Y/Y       -/-   -/-     -/-   -/-
rename_tenant         Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-
delete_tenant         Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-
keep_tenant           Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-
archived_months       Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-
ask_archive           Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-
tenant_retention      Y/n    Y/n    Y/n     n/n       -/-   -/-     -/-   -/-
try_retention         Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-
choose_retention      Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-
delete_device_data    Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-
delete_account        !/!    !/!    !/!     !/!       -/-   -/-     -/-   -/-
create_invitation     Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-
revoke_invitation     Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-
accept_invitation     f/f    f/f    f/f     f/f       -/-   -/-     -/-   -/-
invitation_facts      Y/Y    Y/Y    Y/Y     Y/Y       Y/Y   -/-     -/-   -/-
change_role           Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-
remove_member         Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-

take_my_address       Y/Y    Y/Y    Y/Y     Y/Y       -/-   -/-     -/-   -/-

create_api_token      Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-
revoke_api_token      Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-
read_token            -/-    -/-    -/-     -/-       f/f   -/-     -/-   -/-
read_devices          -/-    -/-    -/-     -/-       f/f   -/-     -/-   -/-
read_readings         -/-    -/-    -/-     -/-       f/f   -/-     -/-   -/-
read_alerts           -/-    -/-    -/-     -/-       f/f   -/-     -/-   -/-

add_device            Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-
rotate_device         Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-
set_device_enabled    Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-
rename_device         Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-
delete_device         Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-
tag_devices           Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-
set_devices_enabled   Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-
delete_devices        Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-
import_devices        Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-
send_command          Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-
set_desired_state     Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-
set_field_name        Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-
set_reading_rules     Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-

device_ids            Y/0    Y/0    Y/0     0/0       -/-   -/-     -/-   -/-
device_chart          Y/0    Y/0    Y/0     0/0       -/-   -/-     -/-   -/-
export_readings       Y/0    Y/0    Y/0     0/0       -/-   -/-     -/-   -/-

ingest_spans          Y/0    Y/0    Y/0     0/0       -/-   -/-     -/-   -/-
ingest_status         Y/n    Y/n    Y/n     n/n       -/-   -/-     -/-   -/-
request_redrive       Y/0    Y/0    f/0     0/0       -/-   -/-     -/-   -/-
discard_dead_letters  Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-
dead_letters_counted  Y/0    Y/0    0/0     0/0       -/-   -/-     -/-   -/-

question_offer        Y/n    Y/n    Y/n     n/n       -/-   -/-     -/-   -/-
set_questions         Y/n    f/n    f/n     n/n       -/-   -/-     -/-   -/-
question_facts        Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-

limits_in_use         Y/n    Y/n    Y/n     n/n       -/-   -/-     -/-   -/-
tenants_left          Y/Y    Y/Y    Y/Y     Y/Y       -/-   -/-     -/-   -/-
maintenance           0/0    0/0    0/0     0/0       0/0   -/-     -/-   -/-
read_only             Y/Y    Y/Y    Y/Y     Y/Y       Y/Y   -/-     -/-   -/-

try_alert_rule        Y/0    Y/0    Y/0     0/0       -/-   -/-     -/-   -/-
acknowledge_alert     Y/n    Y/n    f/n     n/n       -/-   -/-     -/-   -/-

notification_sender   Y/Y    Y/Y    Y/Y     Y/Y       -/-   -/-     -/-   -/-
add_notification_channel Y/n Y/n    f/n     n/n       -/-   -/-     -/-   -/-
change_notification_channel Y/n Y/n f/n     n/n       -/-   -/-     -/-   -/-
delete_notification_channel Y/n Y/n f/n     n/n       -/-   -/-     -/-   -/-
send_confirmation_again Y/n  Y/n    f/n     n/n       -/-   -/-     -/-   -/-
answer_notification_channel Y/Y Y/Y Y/Y     Y/Y       Y/Y   -/-     -/-   -/-
set_notification_route Y/n   Y/n    f/n     n/n       -/-   -/-     -/-   -/-
delete_notification_route Y/n Y/n   f/n     n/n       -/-   -/-     -/-   -/-
send_test_notification !/n   !/n    f/n     n/n       -/-   -/-     -/-   -/-

evaluate_alert_rules  -/-    -/-    -/-     -/-       -/-   Y/Y     -/-   Y/Y
`;

/** Who may execute the functions of the private schemas. What is not listed is for their owner alone. */
export const PRIVATE_FUNCTIONS: Record<string, string[]> = {
  'access.breaches': ['authenticated'],
  'access.conditions': ['authenticated'],
  'access.is_rolled_up': ['authenticated'],
  'access.meets': ['authenticated'],
  'access.past_readings': ['authenticated'],
  'access.rule_devices': ['authenticated'],
  'access.rule_runs': ['authenticated'],
  'access.tried_from': ['authenticated'],
  'access.value_meets': ['authenticated'],
  'access.value_of': ['authenticated'],
  'access.in_maintenance': ['mqtt_ingest'],
  'access.are_sorted': ['authenticated', 'service_role', 'mqtt_ingest'],
  'access.are_tags': ['authenticated', 'service_role', 'mqtt_ingest'],
  'access.is_display_name': ['authenticated', 'service_role', 'mqtt_ingest'],
  'access.natural_key': ['authenticated', 'service_role', 'mqtt_ingest'],
  'access.normal_tags': ['authenticated', 'service_role', 'mqtt_ingest'],
  'access.my_tenants': ['authenticated'],
  'access.as_number': ['authenticated', 'tenant_reader'],
  'access.number_below': ['authenticated', 'tenant_reader'],
  'access.number_of': ['authenticated', 'tenant_reader'],
  'access.owned_tenants': ['authenticated'],
  'access.reader_tenant': ['tenant_reader'],
  'access.staffed_tenants': ['authenticated'],
  'ingest.acquire_lease': ['mqtt_ingest'],
  'ingest.add_refusals': ['mqtt_ingest'],
  'ingest.add_to_ledger': ['mqtt_ingest'],
  'ingest.archive_figures': ['mqtt_ingest', 'archive_writer'],
  'ingest.archive_is_on': ['archive_writer'],
  'ingest.archive_pending': ['archive_writer'],
  'ingest.archived_objects': ['archive_writer'],
  'ingest.asked_objects': ['archive_writer'],
  'ingest.count_usage': ['mqtt_ingest'],
  'ingest.pack_telemetry': ['mqtt_ingest'],
  'ingest.usage_figures': ['mqtt_ingest'],
  'ingest.assert_fence': ['mqtt_ingest'],
  'ingest.begin_run': ['mqtt_ingest'],
  'ingest.beat': ['mqtt_ingest'],
  'ingest.beats_figures': ['mqtt_ingest'],
  'ingest.canary_came': ['mqtt_ingest'],
  'ingest.canary_published': ['mqtt_ingest'],
  'ingest.claim_notifications': ['mqtt_ingest'],
  'ingest.close_dead_letter': ['mqtt_ingest'],
  'ingest.drop_retired': ['mqtt_ingest'],
  'ingest.deletion_step': ['mqtt_ingest'],
  'ingest.due_rules': ['mqtt_ingest'],
  'ingest.end_archive_links': ['mqtt_ingest'],
  'ingest.ensure_telemetry_partitions': ['mqtt_ingest'],
  'ingest.backup_figures': ['mqtt_ingest', 'backup_reader'],
  'ingest.control_done': ['mqtt_ingest'],
  'ingest.control_figures': ['mqtt_ingest'],
  'ingest.control_work': ['mqtt_ingest'],
  'ingest.finish_notification': ['mqtt_ingest'],
  'ingest.forget_object': ['archive_writer'],
  'ingest.insert_readings': ['mqtt_ingest'],
  'ingest.jobs_figures': ['mqtt_ingest'],
  'ingest.judge_rules': ['mqtt_ingest'],
  'ingest.keep_dead_letters': ['mqtt_ingest'],
  'ingest.note_channel_token': ['mqtt_ingest'],
  'ingest.last_runs': ['mqtt_ingest'],
  'ingest.note_deletion': ['mqtt_ingest'],
  'ingest.note_devices': ['mqtt_ingest'],
  'ingest.note_removed': ['archive_writer'],
  'ingest.note_reports': ['mqtt_ingest'],
  'ingest.note_run': ['mqtt_ingest'],
  'ingest.note_unjudged': ['mqtt_ingest'],
  'ingest.notification_figures': ['mqtt_ingest'],
  'ingest.previous_readings': ['mqtt_ingest'],
  'ingest.prune': ['mqtt_ingest'],
  'ingest.prune_ledger': ['mqtt_ingest'],
  'ingest.prune_notifications': ['mqtt_ingest'],
  'ingest.prune_untimed': ['mqtt_ingest'],
  'ingest.publish_notification_sender': ['mqtt_ingest'],
  'ingest.publish_questions': ['mqtt_ingest'],
  'ingest.questions_figures': ['mqtt_ingest'],
  'ingest.quota_left': ['mqtt_ingest'],
  'ingest.open_removals': ['archive_writer'],
  'ingest.record_archive_links': ['archive_writer'],
  'ingest.record_archive_run': ['archive_writer'],
  'ingest.record_archived': ['archive_writer'],
  'ingest.claim_rollups': ['mqtt_ingest'],
  'ingest.due_rollups': ['mqtt_ingest'],
  'ingest.note_not_rolled_up': ['mqtt_ingest'],
  'ingest.roll_up': ['mqtt_ingest'],
  'ingest.prune_rollups': ['mqtt_ingest'],
  'ingest.record_backup': ['backup_reader'],
  'ingest.refuse_redrive': ['mqtt_ingest'],
  'ingest.refused_readings': ['mqtt_ingest'],
  'ingest.release_day': ['archive_writer'],
  'ingest.release_lease': ['mqtt_ingest'],
  'ingest.release_rows': ['archive_writer'],
  'ingest.renew_lease': ['mqtt_ingest'],
  'ingest.requested_redrives': ['mqtt_ingest'],
  'ingest.reserve_question': ['mqtt_ingest'],
  'ingest.retire_day': ['mqtt_ingest'],
  'ingest.retire_rows': ['mqtt_ingest'],
  'ingest.retired_facts': ['archive_writer'],
  'ingest.retired_readings': ['archive_writer'],
  'ingest.send_question': ['mqtt_ingest'],
  'ingest.session_tried': ['mqtt_ingest'],
  'ingest.sessions_to_end': ['mqtt_ingest'],
  'ingest.settle_question': ['mqtt_ingest'],
  'ingest.spend_quota': ['mqtt_ingest'],
  'ingest.stored_contents': ['mqtt_ingest'],
  'ingest.stored_untimed': ['mqtt_ingest'],
  'ingest.ingest_figures': ['mqtt_ingest'],
  'ingest.operator_figures': ['mqtt_ingest'],
  'ingest.platform_figures': ['mqtt_ingest'],
  'ingest.take_dead_letter': ['mqtt_ingest'],
  'ingest.tidy_questions': ['mqtt_ingest'],
  'ingest.watch_devices': ['mqtt_ingest'],
};

/** A call of each function with a tenant's ids, as arguments by name: what PostgREST is sent. */
export const CALLS: Record<string, (tenant: Tenant) => Record<string, unknown>> = {
  my_tenants: () => ({}),
  create_tenant: () => ({ slug: 'new', name: 'New' }),
  rename_tenant: ({ id }) => ({ tenant_id: id, name: 'Changed' }),
  delete_tenant: ({ id, slug }) => ({ tenant_id: id, name: slug }),
  keep_tenant: ({ id }) => ({ tenant_id: id }),
  archived_months: ({ id }) => ({ tenant_id: id }),
  ask_archive: ({ id }) => ({ tenant_id: id, first_day: '2020-01-01', last_day: '2020-01-31' }),
  tenant_retention: ({ id }) => ({ tenant_id: id }),
  try_retention: ({ id }) => ({ tenant_id: id, days: 7 }),
  choose_retention: ({ id, slug }) => ({ tenant_id: id, days: 7, name: slug }),
  delete_device_data: ({ device }) => ({ device_id: device, slug: 'sensor-1' }),
  delete_account: () => ({ email: 'x@y.example' }),
  create_invitation: ({ id }) => ({ tenant_id: id, email: 'x@y.example', role: 'owner' }),
  revoke_invitation: ({ invitation }) => ({ invitation_id: invitation }),
  accept_invitation: ({ token }) => ({ token }),
  invitation_facts: ({ token }) => ({ token }),
  change_role: ({ id, bystander }) => ({ tenant_id: id, user_id: bystander.sub, role: 'owner' }),
  remove_member: ({ id, bystander }) => ({ tenant_id: id, user_id: bystander.sub }),
  take_my_address: () => ({}),
  create_api_token: ({ id }) => ({
    tenant_id: id,
    name: 'New',
    scopes: ['devices'],
    days: 30,
    sha256: 'a'.repeat(64),
  }),
  revoke_api_token: ({ apiToken }) => ({ token_id: apiToken }),
  read_token: () => ({}),
  read_devices: () => ({}),
  read_readings: () => ({ device: 'sensor-1' }),
  read_alerts: () => ({}),
  add_device: ({ id }) => ({ tenant_id: id, slug: 'new', name: 'New', password_hash: SAMPLE_HASH }),
  rotate_device: ({ device }) => ({ device_id: device, password_hash: SAMPLE_HASH }),
  set_device_enabled: ({ device }) => ({ device_id: device, enabled: false }),
  rename_device: ({ device }) => ({ device_id: device, name: 'Changed' }),
  delete_device: ({ device }) => ({ device_id: device }),
  tag_devices: ({ id, device }) => ({ tenant_id: id, device_ids: [device], added: ['new'] }),
  set_devices_enabled: ({ id, device }) => ({ tenant_id: id, device_ids: [device], enabled: false }),
  device_ids: ({ id }) => ({ tenant_id: id }),
  delete_devices: ({ id, device }) => ({ tenant_id: id, device_ids: [device] }),
  import_devices: ({ id }) => ({
    tenant_id: id,
    devices: JSON.stringify([{ slug: 'new', name: 'New', password_hash: SAMPLE_HASH }]),
  }),
  send_command: ({ device }) => ({ device_id: device, payload: { reboot: true } }),
  set_desired_state: ({ device }) => ({ device_id: device, desired: { interval: 60 } }),
  set_field_name: ({ id }) => ({ tenant_id: id, field: 't', unit: 'K' }),
  set_reading_rules: ({ id, device }) => ({ tenant_id: id, device_id: device, repairs_clock: true }),
  device_chart: ({ device }) => ({ device_id: device, field: 't', since: hours(-1), until: hours(1) }),
  export_readings: ({ device }) => ({ device_id: device, fields: ['t'], since: hours(-1), until: hours(1) }),
  ingest_spans: ({ id }) => ({ tenant_id: id, bars: 60, minutes: 1 }),
  ingest_status: ({ id }) => ({ tenant_id: id }),
  request_redrive: ({ letter }) => ({ dead_letter_ids: [letter] }),
  discard_dead_letters: ({ id, letter }) => ({ tenant_id: id, dead_letter_ids: [letter] }),
  dead_letters_counted: ({ id }) => ({ tenant_id: id }),
  question_offer: ({ id }) => ({ tenant_id: id }),
  set_questions: ({ id }) => ({ tenant_id: id, is_on: false }),
  question_facts: ({ device }) => ({ kind: 'device', subject_id: device }),
  limits_in_use: ({ id }) => ({ tenant_id: id }),
  tenants_left: () => ({}),
  maintenance: () => ({}),
  read_only: () => ({}),
  try_alert_rule: ({ id, device }) => ({
    tenant_id: id,
    kind: 'threshold',
    device_id: device,
    field: 't',
    comparison: 'above',
    threshold: 1,
    window_minutes: 5,
    hours: 1,
  }),
  acknowledge_alert: ({ alert }) => ({ alert_id: alert }),
  notification_sender: () => ({}),
  add_notification_channel: ({ id }) => ({
    tenant_id: id,
    name: 'New',
    kind: 'email',
    destination: 'new@nowhere.example',
  }),
  change_notification_channel: ({ channel }) => ({ channel_id: channel, name: 'Changed' }),
  delete_notification_channel: ({ channel }) => ({ channel_id: channel }),
  send_confirmation_again: ({ channel }) => ({ channel_id: channel }),
  answer_notification_channel: ({ channelToken }) => ({ token: channelToken, wanted: true }),
  set_notification_route: ({ channel, route }) => ({ channel_id: channel, severities: ['info'], route_id: route }),
  delete_notification_route: ({ route }) => ({ route_id: route }),
  // Nobody has confirmed the channel.
  send_test_notification: ({ channel }) => ({ channel_id: channel }),
  evaluate_alert_rules: () => ({}),
};

const hours = (count: number) => new Date(Date.now() + count * 3_600_000).toISOString();

/** The SQL of a call by name, and its values. */
export function callStatement(name: string, args: Record<string, unknown>): { sql: string; values: unknown[] } {
  const named = Object.keys(args).map((key, n) => `${key} => $${n + 1}`);
  return { sql: `select * from public.${name}(${named.join(', ')})`, values: Object.values(args) };
}

/** What a function answers an actor about a tenant. Needs an open transaction; leaves nothing behind. */
export async function tryCall(
  client: ClientBase,
  name: string,
  actor: Actor,
  world: World,
  of: Tenant,
): Promise<string> {
  const { sql, values } = callStatement(name, CALLS[name]!(of));
  await client.query('savepoint call');
  try {
    await act(client, actor, world);
    const { rows } = await client.query(sql, values);
    return rows.length === 0 || rows[0][name] === 0 ? '0' : 'Y';
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === '42501' && message === `permission denied for function ${name}`) return '-';
    if (code === '42501') return message.startsWith('permission denied') ? 't' : 'f';
    if (code === 'P0002') return 'n';
    if (code === '22023') return '!';
    throw error;
  } finally {
    await client.query('rollback to savepoint call; release savepoint call');
  }
}
