// Who may do what with which table: the expectation that isolation.test.ts holds the database to.
//
// Each cell is `own/other`: what an actor (see actors.ts; members are of tenant A) can do with rows of tenant A, and with
// those of tenant B or of none. Four places, for SELECT, INSERT, UPDATE, DELETE:
//   S I U D   it works on such rows
//   .         it is allowed, and finds no such row
//   x         a policy refuses the new row
//   -         it is refused: no grant
// `no` is `----/----`. A table that belongs to no tenant has one half. Views are only read.

export const MATRIX = `
table                     owner      staff      viewer     stranger   anon  ingest     sync  reader    service    schema-owner

public.tenants            S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        SIUD/SIUD  .x../.x..
public.memberships        S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        SIUD/SIUD  .x../.x..
public.invitations        S---/.---  .---/.---  .---/.---  .---/.---  no    no         no    no        S---/S---  .x../.x..
public.api_tokens         S---/.---  .---/.---  .---/.---  .---/.---  no    no         no    no        no        .x../.x..
public.audit_log          S---/.---  .---/.---  .---/.---  .---/.---  no    no         no    no        S---/S---  .x../.x..
public.deletions          S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        S---/S---  .x../.x..
public.archive_requests   S---/.---  .---/.---  .---/.---  .---/.---  no    no         no    no        no         .x../.x..
public.archive_links      S---/.---  .---/.---  .---/.---  .---/.---  no    no         no    no        no         .x../.x..

public.devices            S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    S---/.--- SIUD/SIUD  .--./.--.
public.device_credentials S---/.---  S---/.---  .---/.---  .---/.---  no    no         no    no        SIUD/SIUD  .x../.x..
public.device_commands    S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        S-U-/S-U-  .x../.x..
public.device_status      S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    S---/.--- S---/S---  .x../.x..
public.device_state       S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        S---/S---  .-../.-..

public.telemetry          S---/.---  S---/.---  S---/.---  .---/.---  no    -I--/-I--  no    S---/.--- SI--/SI--  .x../.x..
ingest.telemetry_<day>    no         no         no         no         no    no         no    no        no         .x../.x..
ingest.telemetry_before   no         no         no         no         no    no         no    no        no         .x../.x..
ingest.telemetry_default  no         no         no         no         no    no         no    no        no         .x../.x..
public.telemetry_rollups  S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    S---/.--- S---/S---  .x../.x..
public.dead_letters       S---/.---  S---/.---  .---/.---  .---/.---  no    no         no    no        S-UD/S-UD  .x../.x..
public.dead_letter_counts S---/.---  S---/.---  .---/.---  .---/.---  no    no         no    no        S---/S---  .x../.x..
public.ingest_ledger      S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        S---/S---  .x../.x..
public.question_settings  S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        S---/S---  .x../.x..
public.question_days      S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        S---/S---  .x../.x..
public.refusals           S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        S---/S---  .x../.x..
public.device_refusals    S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        S---/S---  .x../.x..
public.usage_days         S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        S---/S---  .x../.x..
public.ingest_residuals   S/.        S/.        S/.        ./.        -/-   -/-        -/-   -/-       S/S        -/-
public.device_list        S/.        S/.        S/.        ./.        -/-   -/-        -/-   -/-       S/S        -/-
public.device_tags        S/.        S/.        S/.        ./.        -/-   -/-        -/-   -/-       S/S        -/-
public.device_newest      S/.        S/.        S/.        ./.        -/-   -/-        -/-   -/-       S/S        -/-
public.alert_notifications S/.       S/.        S/.        ./.        -/-   -/-        -/-   -/-       S/S        -/-
public.tenant_limits      S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        SIUD/SIUD  .x../.x..
public.field_names        S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        SIUD/SIUD  .x../.x..
public.reading_rules      S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        SIUD/SIUD  .x../.x..

public.alert_rules        SIUD/.x..  SIUD/.x..  Sx../.x..  .x../.x..  no    no         no    S---/.--- SIUD/SIUD  .x../.x..
public.alerts             S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    S---/.--- SIUD/SIUD  .x../.x..
public.alert_rule_progress S---/.--- S---/.---  S---/.---  .---/.---  no    no         no    no        S---/S---  .x../.x..

public.notification_channels S---/.--- S---/.--- S---/.--- .---/.--- no no       no    no        S---/S---  .x../.x..
public.notification_routes S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        S---/S---  .x../.x..
public.notifications      S---/.---  S---/.---  S---/.---  .---/.---  no    no         no    no        S---/S---  .x../.x..

ingest.registered_devices -/-        -/-        -/-        -/-        -/-   S/S        -/-   -/-       -/-        -/-
ingest.former_topics      -/-        -/-        -/-        -/-        -/-   S/S        -/-   -/-       -/-        -/-
ingest.untimed            no         no         no         no         no    SI--/SI--  no    no        no         .x../.x..
ingest.quotas             -/-        -/-        -/-        -/-        -/-   -/-        -/-   -/-       -/-        -/-
ingest.dead_letter_use    no         no         no         no         no    no         no    no        no         .x../.x..
ingest.quota_use          no         no         no         no         no    no         no    no        no         .x../.x..
ingest.usage_due          ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.usage_progress     ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.database_sizes     ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.totals             ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.tenant_cursors     no         no         no         no         no    no         no    no        no         .x../.x..
ingest.gone_devices       no         no         no         no         no    no         no    no        no         .x../.x..
ingest.rule_states        no         no         no         no         no    no         no    no        no         .x../.x..
ingest.rollup_work        no         no         no         no         no    no         no    no        no         .x../.x..
ingest.refusals_told      no         no         no         no         no    no         no    no        no         .x../.x..
ingest.retained_of_deleted ----      ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.question_calls     no         no         no         no         no    no         no    no        no         .x../.x..
ingest.question_answers   no         no         no         no         no    no         no    no        no         .x../.x..
ingest.question_months    ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
access.question_offer     ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.sessions_of_deleted ----      ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.leases             ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.job_runs           ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.beats              ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.canaries           ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.backups            ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.retention          ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.tenant_retention   no         no         no         no         no    no         no    no        no         .x../.x..
ingest.chosen_retention   no         no         no         no         no    no         no    no        no         .x../.x..
ingest.retired_days       ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.retired_rows       no         no         no         no         no    no         no    no        no         .x../.x..
ingest.archive_objects    no         no         no         no         no    no         no    no        no         .x../.x..
ingest.archive_removals   no         no         no         no         no    no         no    no        no         .x../.x..
ingest.archive_runs       ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.canary_ages        -          -          -          -          -     -          -     -         -          -
ingest.outages            ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.channel_states     no         no         no         no         no    no         no    no        no         .x../.x..
ingest.mail_use           no         no         no         no         no    no         no    no        no         .x../.x..
ingest.test_use           no         no         no         no         no    no         no    no        no         .x../.x..
ingest.asked_addresses    ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
ingest.notification_totals ----      ----       ----       ----       ----  ----       ----  ----      ----       .x..
access.notification_sender ----      ----       ----       ----       ----  ----       ----  ----      ----       .x..
access.platform_limits    ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
access.temporary_limits   no         no         no         no         no    no         no    no        no         .x../.x..
access.refused_slugs      ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
access.maintenance        ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
broker.registry           -          -          -          -          -     -          S     -         -          -
broker.heartbeats         -          -          -          -          -     -          S     -         -          -
broker.service_accounts   ----       ----       ----       ----       ----  ----       ----  ----      ----       .x..
broker.former_topics      no         no         no         no         no    no         no    no        no         .x../.x..
`;

/** Columns that a role may use, where it is not the whole table. What is not listed must be refused. */
export const COLUMNS: Record<string, Record<string, { select?: string; insert?: string; update?: string }>> = {
  'public.invitations': {
    authenticated: { select: 'id tenant_id email role invited_by created_at expires_at accepted_at revoked_at' },
    service_role: { select: 'id tenant_id email role invited_by created_at expires_at accepted_at revoked_at' },
  },
  'public.api_tokens': {
    authenticated: { select: 'id tenant_id name scopes created_by created_at expires_at last_used_at' },
  },
  'public.alerts': {
    tenant_reader: {
      select: 'id tenant_id rule_id device_id opened_at last_seen_at resolved_at acknowledged_at value message',
    },
  },
  'public.device_credentials': {
    authenticated: { select: 'id tenant_id device_id created_at revoked_at' },
  },
  'public.device_status': {
    authenticated: { select: 'tenant_id device_id last_received_at gaps clock_skew fields offline_since' },
    tenant_reader: { select: 'tenant_id device_id last_received_at clock_skew fields' },
  },
  'public.device_state': {
    authenticated: {
      select: 'tenant_id device_id desired desired_version desired_at reported reported_at delta published_version',
    },
  },
  'public.alert_rule_progress': {
    authenticated: {
      select:
        'tenant_id rule_id judged_at judged_from tried_at problem skipped_from skipped_until suppressed suppressed_from suppressed_until',
    },
  },
  'public.dead_letters': {
    authenticated: {
      select:
        'id tenant_id device_id topic payload content_type reason detail message_id properties received_at redriven_at ' +
        'redriven_as redrive_requested_at readings',
    },
  },
  'public.notifications': {
    authenticated: {
      select:
        'id tenant_id channel_id alert_id route_id transition n content state created_at due_at expires_at attempts ' +
        'attempted_at finished_at error',
    },
  },
  'public.alert_rules': {
    authenticated: {
      insert:
        'tenant_id name kind device_id tag field comparison threshold wanted for_minutes also_field also_comparison also_threshold also_wanted ' +
        'window_minutes severity enabled',
      update:
        'name kind device_id tag field comparison threshold wanted for_minutes also_field also_comparison also_threshold also_wanted ' +
        'window_minutes severity enabled',
    },
    tenant_reader: { select: 'id tenant_id name kind device_id field severity enabled' },
  },
};

/** One row's cells, by actor, as they are written above. */
export interface MatrixRow {
  table: string;
  cells: Record<string, string>;
}

/** The table above as data. `no` is written out. */
export function readMatrix(text = MATRIX): MatrixRow[] {
  const [header, ...lines] = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/));
  const actors = header!.slice(1);
  return lines.map(([table, ...cells]) => {
    if (cells.length !== actors.length) throw new Error(`${table} has ${cells.length} cells, not ${actors.length}`);
    return {
      table: table!,
      cells: Object.fromEntries(actors.map((actor, n) => [actor, cells[n] === 'no' ? '----/----' : cells[n]!])),
    };
  });
}

/** A cell by place: `own S`, `own I`, … `other D`, each with its sign. */
export function readCell(cell: string): Map<string, string> {
  const halves = cell.split('/');
  return new Map(
    halves.flatMap((half, n) =>
      [...half].map((sign, verb) => [`${n ? 'other' : 'own'} ${'SIUD'[verb]}`, sign] as const),
    ),
  );
}
