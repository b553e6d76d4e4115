// What people read, in both languages of a channel.
import { expect, test } from 'vitest';
import { writeConfirmation, writeMessage } from './message.ts';
import { sayAlert } from './words.ts';

const ALERT = {
  tenant: 'Acme',
  rule: 'Cold room',
  severity: 'critical',
  device: 'fridge-1',
  device_name: 'Fridge 1',
  message: 't was 1031.5, which is above 8',
  opened_at: '2026-11-30T04:00:01.5+00:00',
};

test('an alert in English', () => {
  expect(writeMessage('opened', ALERT, 'https://dashboard.example', 'en')).toEqual({
    subject: '[critical] Cold room: fridge-1 opened',
    text: `critical: Cold room, fridge-1: t was 1031.5, which is above 8
Device: Fridge 1 (fridge-1), of Acme
Opened: 2026-11-30 04:00:01 UTC

https://dashboard.example/admin/alerts/
`,
  });
});

test('the same in Indonesian, with a decimal comma', () => {
  const resolved = { ...ALERT, resolved_at: '2026-11-30T05:00:00Z' };
  expect(writeMessage('resolved', resolved, undefined, 'id')).toEqual({
    subject: '[kritis] Cold room: fridge-1 selesai',
    text: `kritis: Cold room, fridge-1: t bernilai 1.031,5, di atas 8
Perangkat: Fridge 1 (fridge-1), milik Acme
Terbuka: 2026-11-30 04:00:01 UTC
Selesai: 2026-11-30 05:00:00 UTC
`,
  });
});

test('a digest, a test and a confirmation in Indonesian have no English word', () => {
  const { tenant, ...one } = ALERT;
  const newest = [{ ...one, alert_id: 'a', resolved_at: '2026-11-30T05:00:00Z' }];
  const since = '2026-11-30T00:00:00Z';
  const counts = { since, until: since, opened: 3, resolved: 2, open: 1, unacknowledged: 1 };
  const texts = [
    writeMessage('digest', { tenant, newest, ...counts }, undefined, 'id'),
    writeMessage('test', { tenant }, undefined, 'id'),
    writeConfirmation('acme', 'https://dashboard.example/notifications/#token=x', 'id'),
  ].flatMap(({ subject, text }) => [subject, text]);
  expect(texts).toMatchObject([
    'Acme: 3 peringatan terbuka, 2 selesai',
    expect.stringContaining(
      'kritis: Cold room, fridge-1: t bernilai 1.031,5, di atas 8 (selesai 2026-11-30 05:00:00 UTC)',
    ),
    'Uji coba dari Acme',
    expect.stringContaining('berfungsi'),
    'Konfirmasi alamat ini untuk peringatan',
    expect.stringContaining('Tenant "acme"'),
  ]);
  expect(texts.join('\n')).not.toMatch(/\b(opened|resolved|nobody|the|this|address|alert)\b/i);
});

test.each([
  [
    't was above 8 and door was "open" for 10 minutes, at last 9.5',
    't di atas 8 dan door bernilai "open" selama 10 menit, terakhir 9,5',
  ],
  ['no reading for 5 minutes', 'tidak ada pembacaan selama 5 menit'],
  ['something that no rule says', 'something that no rule says'],
])('%s: %s', (english, indonesian) => {
  expect(sayAlert('id', english)).toBe(indonesian);
  expect(sayAlert('en', english)).toBe(english);
});

test('names of a tenant end no line and fill in no value', () => {
  const named = { ...ALERT, rule: 'a\r\nBcc: x@example.com', device: '{severity}' };
  expect(writeMessage('opened', named, undefined, 'en').subject).toBe(
    '[critical] a Bcc: x@example.com: {severity} opened',
  );
});
