// The words of notifications, in the languages that a channel can have. The English is the key.
import { ALERT_TEXTS } from '../../domain/alert-texts.ts';
import type { Language } from '../../domain/languages.ts';
import { ARGUMENT, groupDigits, translateText } from '../../domain/translate-text.ts';

const INDONESIAN = {
  opened: 'terbuka',
  resolved: 'selesai',
  'still open': 'masih terbuka',
  info: 'info',
  warning: 'waspada',
  critical: 'kritis',
  'Test from {tenant}': 'Uji coba dari {tenant}',
  'This is a test of a notification channel of {tenant}. It works.':
    'Ini uji coba kanal notifikasi dari {tenant}. Kanal ini berfungsi.',
  '{tenant}: {opened} alerts opened, {resolved} resolved': '{tenant}: {opened} peringatan terbuka, {resolved} selesai',
  'From {since} to {until}:': 'Dari {since} sampai {until}:',
  '{opened} opened, {resolved} resolved. Open now: {open}, of them nobody looks after {unacknowledged}.':
    '{opened} terbuka, {resolved} selesai. Masih terbuka: {open}, yang belum ditangani siapa pun: {unacknowledged}.',
  '{line} (resolved {time})': '{line} (selesai {time})',
  '[{severity}] {rule}: {device} {says}': '[{severity}] {rule}: {device} {says}',
  'Device: {name} ({device}), of {tenant}': 'Perangkat: {name} ({device}), milik {tenant}',
  'Opened: {time}': 'Terbuka: {time}',
  'Resolved: {time}': 'Selesai: {time}',
  'Confirm this address for alerts': 'Konfirmasi alamat ini untuk peringatan',
  'The tenant "{slug}" of this platform wants to send its alerts to this address. Until you confirm, nothing else is sent.':
    'Tenant "{slug}" pada platform ini ingin mengirim peringatannya ke alamat ini. Sebelum Anda mengonfirmasi, tidak ada hal lain yang dikirim.',
  'To receive them, or to refuse them:': 'Untuk menerima, atau menolaknya:',
  'To receive no more of these mails: {link}': 'Untuk tidak lagi menerima email seperti ini: {link}',
} as const;

export type Words = keyof typeof INDONESIAN;

export const isWords = (text: string): text is Words => Object.hasOwn(INDONESIAN, text);

/** A text with its values. */
export function say(
  language: Language,
  words: Words,
  values: Record<string, string | number | undefined> = {},
): string {
  const text = language === 'id' ? INDONESIAN[words] : words;
  return text.replace(ARGUMENT, (_, name: string) => String(values[name] ?? ''));
}

/** An alert's message, which the database writes in English. What the table does not know stays as it is. */
export function sayAlert(language: Language, message: string): string {
  if (language === 'en') return message;
  return translateText(message, ALERT_TEXTS, (digits) => groupDigits(digits, '.', ',')) ?? message;
}
