// The names of what the database says of the platform, beside what has a name of its own in check.ts: with a help text each, as
// Prometheus shows it. A part adds its figures with a function `ingest.<part>_figures()`, and their names here.

/** A figure: "counter" only grows, all others go up and down. */
export interface Figure {
  help: string;
  type?: 'counter';
}

/** By name, without `mqtt_saas_`. */
export const FIGURES: Record<string, Figure> = {
  ingest_lag_seconds: {
    help: 'Seconds since the newest message was published that came through broker, queue and table. A timer a minute is up to 3 minutes behind.',
  },
  dead_letters: { help: 'Dead letters that are kept, of all tenants.' },
  refusals_total: { help: 'What the broker refused: connections, messages, subscriptions, wills.', type: 'counter' },
  readings_residual: {
    help: 'Readings received less the sum of what became of them. It is 0, or a fault of the program.',
  },
  job_last_success_age_seconds: { help: 'Seconds since a periodic job last succeeded.' },
  late_seconds: {
    help: 'For how many seconds ingest or the control loop has been late; less than 0 while it is not. Each says itself when it comes again.',
  },
  control_loop_ok: { help: 'Whether the control loop ran within 3 minutes.' },
  control_loop_age_seconds: { help: 'Seconds since the control loop last ran.' },
  offline_devices: { help: 'Devices that are offline.' },
  commands_waiting: { help: 'Commands that were not sent yet.' },
  commands_expired: { help: 'Commands of the last day that expired before a device took them.' },
  notifications_sent_total: { help: 'Notifications that were delivered.', type: 'counter' },
  notifications_failed_total: { help: 'Notifications that were given up.', type: 'counter' },
  notifications_waiting: { help: 'Notifications that are due and not delivered.' },
  notifications_oldest_waiting_seconds: { help: 'How long the oldest of them has been due.' },
  database_read_only: { help: 'Whether the database takes no writes, as a full one of Supabase.' },
  database_growth_bytes_per_day: { help: 'How fast the database grew in the last seven days.' },
  usage_counted_age_seconds: { help: 'Up to how long ago the use of tenants is counted.' },
  maintenance: { help: 'Whether maintenance is on.' },
  questions_month_calls: { help: 'Calls of the language model this month.' },
  questions_month_tokens: { help: 'Their tokens.' },
  questions_month_usd: { help: 'What they cost, in US dollars; what is not known counts at its worst.' },
  questions_month_cap_usd: { help: 'The most that they may cost. Absent where nobody can ask questions.' },
  questions_open: { help: 'Calls that are reserved or under way.' },
  backup_last_success_timestamp_seconds: {
    help: 'When the last good backup of the database ended, in seconds since 1970.',
  },
  backup_bytes: { help: 'Its size.' },
  backup_size_ratio: { help: 'Its size, compared with the previous one.' },
  backup_failing: { help: 'Whether the last attempt failed.' },
  restore_drill_last_success_timestamp_seconds: { help: 'When a backup was last restored for a trial, and was equal.' },
  restore_drill_failing: { help: 'Whether the last drill failed.' },
  archive_last_success_timestamp_seconds: {
    help: 'When the archive last stored all that waited, in seconds since 1970.',
  },
  archive_failing: { help: 'Whether the last run of the archive failed in part.' },
  archive_rows: { help: 'Readings in the archive.' },
  archive_bytes: { help: 'Their size there.' },
  archive_waiting_seconds: {
    help: 'For how long the oldest day has waited for the archive; 0 while none waits. Absent without an archive.',
  },
};

/** A figure's name and labels, from `name` or `name{label="value"}`. */
export function readName(text: string): { name: string; labels: Record<string, string> } {
  const [, name = text, labels = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(text) ?? [];
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', value = '']) => [label, value]);
  return { name, labels: Object.fromEntries(pairs) };
}
