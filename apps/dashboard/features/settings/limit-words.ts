// The names of limits as the settings page writes them, in its order.

import type { QUESTION_LIMITS, READING_LIMITS, TENANT_LIMITS } from '../../../../domain/account-limits.ts';
import type { PlainMessage } from '../../language/translate.ts';

type Limit = keyof typeof TENANT_LIMITS | keyof typeof READING_LIMITS | keyof typeof QUESTION_LIMITS;

const WORDS: Record<Limit, PlainMessage> = {
  max_devices: 'Devices',
  readings_per_minute: 'Readings in the last minute',
  readings_per_day: 'Readings stored today',
  bytes_per_day: 'Bytes stored today',
  max_rules: 'Alert rules',
  max_window_minutes: 'Longest window of a rule, in minutes',
  max_alerts_hour: 'Alerts opened in the last hour',
  max_channels: 'Notification channels',
  max_routes: 'Notification routes',
  max_mails_day: 'Mails sent today',
  max_channel_hour: 'Single notifications of one channel in an hour',
  max_members: 'Members',
  max_invitations: 'Open invitations',
  max_commands: 'Waiting commands',
  max_command_bytes: 'Bytes of waiting commands',
  max_device_commands: 'Waiting commands of one device',
  max_device_command_bytes: 'Bytes of waiting commands of one device',
  max_dead_letters: 'Dead letters kept',
  max_dead_letter_bytes: 'Bytes of dead letters kept',
  question_tokens_day: 'Tokens of questions today',
  question_tokens_month: 'Tokens of questions this month',
  question_cents_day: 'Cents (US dollar) of questions today',
  question_cents_month: 'Cents (US dollar) of questions this month',
};

export const LIMIT_WORDS: Record<string, PlainMessage> = WORDS;
