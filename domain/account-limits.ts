// What a tenant and a person may have: the limits that `ops limit` sets, the dashboard shows and SQL enforces.

/** A column of `access.platform_limits`, for all tenants, and of `public.tenant_limits`, for one; with what it bounds. */
export const TENANT_LIMITS = {
  max_devices: 'devices of a tenant',
  max_rules: 'alert rules of a tenant',
  max_window_minutes: 'longest window of an alert rule, in minutes',
  max_members: 'members of a tenant',
  max_invitations: 'open invitations of a tenant',
  max_commands: "commands that wait for a tenant's devices",
  max_command_bytes: "bytes of commands that wait for a tenant's devices",
  max_device_commands: 'commands that wait for one device',
  max_device_command_bytes: 'bytes of commands that wait for one device',
  max_dead_letters: 'dead letters that a tenant keeps',
  max_dead_letter_bytes: 'bytes of dead letters that a tenant keeps',
  max_channels: 'notification channels of a tenant',
  max_routes: 'notification routes of a tenant',
  max_mails_day: "mails of a tenant's channels a day of UTC",
  max_channel_hour: 'single notifications of a channel an hour; what is more goes into digests',
  max_alerts_hour: 'alerts that open in an hour; beyond it a rule opens one an hour of each device',
} as const;
export type TenantLimit = keyof typeof TENANT_LIMITS;

/** Columns of `public.tenant_limits` alone: without a number there is no bound. */
export const READING_LIMITS = {
  readings_per_minute: 'readings that a tenant may store a minute',
  readings_per_day: 'readings that a tenant may store a day of UTC',
  bytes_per_day: 'bytes of payloads that a tenant may store a day of UTC',
} as const;

/** Columns of `public.tenant_limits` alone: without a number the configuration's cap holds. */
export const QUESTION_LIMITS = {
  question_tokens_day: "tokens that a tenant's questions may cost a day of UTC",
  question_tokens_month: "tokens that a tenant's questions may cost a month of UTC",
  question_cents_day: "cents of a US dollar that a tenant's questions may cost a day of UTC",
  question_cents_month: "cents of a US dollar that a tenant's questions may cost a month of UTC",
} as const;

/** Columns of `access.platform_limits` alone. */
export const PERSON_LIMITS = {
  tenants_per_person: 'tenants that a person may make; 0: the operator makes them',
  invitations_per_person_day: 'invitations that a person may send in 24 hours',
  changes_per_person_day: 'changes that a person may make in 24 hours: entries in the audit log',
} as const;
