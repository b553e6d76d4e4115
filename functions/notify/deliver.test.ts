// One delivery of each kind to real receivers: what they get, and what a tenant is told when it fails.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openingKey, sealSecrets } from '../../domain/sealed-secrets.ts';
import { readNotifySettings } from '../settings/notify.ts';
import { type Deliverer, makeDeliverer, type Notification } from './deliver.ts';
import { type Receivers, startReceivers } from './testing/receivers.ts';
import { fillTemplate } from './webhook.ts';

const ALERT = {
  tenant: 'Acme',
  rule: 'hot',
  severity: 'critical',
  device: 'sensor-1',
  device_name: 'Sensor 1',
  message: 't was 5, which is above 1',
  value: 5,
  opened_at: '2026-11-30T04:00:00+00:00',
  resolved_at: null,
};

let receivers: Receivers;
let deliverer: Deliverer;
beforeAll(async () => {
  receivers = await startReceivers();
  deliverer = await make();
});
afterAll(async () => {
  deliverer.close();
  await receivers.stop();
});
beforeEach(() => {
  receivers.requests.length = 0;
  receivers.mails.length = 0;
  receivers.answer = 204;
  receivers.delayMs = 0;
});

const make = (settings: Record<string, string> = {}) =>
  makeDeliverer(readNotifySettings({ ...receivers.settings, ...settings })!);

const notification = (values: Partial<Notification>): Notification => ({
  id: '7b7e8a52-0000-4000-8000-000000000001',
  lease: '',
  tenant_id: 'acme',
  channel_id: 'channel',
  language: 'en',
  alert_id: 'alert',
  kind: 'email',
  destination: 'on-call@acme.example',
  sealed: null,
  template: null,
  transition: 'opened',
  content: ALERT,
  created_at: new Date('2026-11-30T04:00:01Z'),
  ...values,
});

describe('a webhook', () => {
  const hook = async (
    url = `https://${receivers.host}/x`,
    values: Partial<Notification> = {},
    secret = receivers.secret,
  ) =>
    notification({
      kind: 'webhook',
      destination: receivers.host,
      sealed: await sealSecrets({ url, secret }, deliverer.key, 'acme'),
      ...values,
    });

  test('is signed, says what happened, and has the same id at each attempt', async () => {
    for (let n = 0; n < 2; n++) expect(await deliverer.deliver(await hook(), 5_000)).toBeUndefined();
    // The receiver has verified them with the foreign library.
    expect(receivers.requests).toHaveLength(2);
    expect(receivers.requests[0]).toMatchObject({
      id: '7b7e8a52-0000-4000-8000-000000000001',
      body: { type: 'alert.opened', timestamp: '2026-11-30T04:00:01.000Z', data: { alert_id: 'alert', ...ALERT } },
    });
    expect(receivers.requests[1]).toMatchObject({ id: receivers.requests[0]!.id, body: receivers.requests[0]!.body });
  });

  test.each([
    [302, 'Not delivered: the receiver redirects (302), which is not followed.'],
    [503, 'Not delivered: the receiver answered 503.'],
    [400, 'Not delivered: the receiver answered 400.'],
    [0, 'Not delivered: the connection failed (ECONNRESET).'],
  ])('that is answered with %i is tried again', async (answer, text) => {
    receivers.answer = answer;
    expect(await deliverer.deliver(await hook(), 5_000)).toEqual({ text, final: false });
  });

  test('that is not answered in time is given up', async () => {
    receivers.delayMs = 2_000;
    expect(await deliverer.deliver(await hook(), 100)).toEqual({
      text: 'Not delivered: there was no answer in time.',
      final: false,
    });
  });

  test('leads where its destination says, and to no address inside', async () => {
    expect(await deliverer.deliver(await hook(undefined, { destination: 'hooks.example.com' }), 5_000)).toEqual({
      text: 'Refused: its URL does not lead to hooks.example.com.',
      final: true,
    });
    const inside = await hook('https://169.254.169.254/latest', { destination: '169.254.169.254' });
    expect(await deliverer.deliver(inside, 5_000)).toEqual({
      text: 'Refused: the URL must name a host, not an address.',
      final: true,
    });
    const strict = await make({ NOTIFY_ALLOW_LOOPBACK: 'false' });
    expect(await strict.deliver(await hook(), 5_000)).toMatchObject({ final: true });
    expect(receivers.requests).toEqual([]);
  });

  test('to a receiver whose certificate nobody vouches for is not sent', async () => {
    const { NOTIFY_CA: _, ...others } = receivers.settings;
    const distrustful = await makeDeliverer(readNotifySettings(others)!);
    expect(await distrustful.deliver(await hook(), 5_000)).toMatchObject({
      text: expect.stringContaining('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
    });
    expect(receivers.requests).toEqual([]);
  });

  test('is opened with the key in use and the former one, and with no other', async () => {
    const item = await hook();
    const rotated = await make({ NOTIFY_KEY: '11'.repeat(32), NOTIFY_PREVIOUS_KEY: receivers.settings.NOTIFY_KEY! });
    expect(rotated.key.keyId).not.toBe(deliverer.key.keyId);
    expect(await rotated.deliver(item, 5_000)).toBeUndefined();
    const twice = await make({ NOTIFY_KEY: '22'.repeat(32), NOTIFY_PREVIOUS_KEY: '11'.repeat(32) });
    expect(await twice.deliver(item, 5_000)).toEqual({
      text: "The channel's secrets cannot be used: they are sealed for a key that the platform no longer has. Enter them again.",
      final: true,
    });
    expect(await deliverer.deliver({ ...item, tenant_id: 'globex' }, 5_000)).toMatchObject({ final: true });
    for (const secret of ['whsec_short', 'whsec_', 'secret', `whsec_${'A'.repeat(100)}`]) {
      expect(await deliverer.deliver(await hook(undefined, {}, secret), 5_000)).toMatchObject({ final: true });
    }
  });
});

describe('a chat gateway', () => {
  test('gets its key, and the template with the marks replaced', async () => {
    const sealed = await sealSecrets(
      { url: `https://${receivers.host}/send`, key: 'gateway-key', header: 'apikey', group: '120"@g.us' },
      deliverer.key,
      'acme',
    );
    const template = { chatId: '{{group}}', message: { text: 'Alert: {{text}}', list: ['{{id}}', 1, null] } };
    expect(
      await deliverer.deliver(notification({ kind: 'chat', destination: receivers.host, sealed, template }), 5_000),
    ).toBeUndefined();
    const [request] = receivers.requests;
    expect(request!.headers).toMatchObject({
      apikey: 'gateway-key',
      'idempotency-key': '7b7e8a52-0000-4000-8000-000000000001',
    });
    expect(request!.body).toEqual({
      chatId: '120"@g.us',
      message: {
        text: expect.stringMatching(/^Alert: critical: hot, sensor-1: t was 5/),
        list: ['7b7e8a52-0000-4000-8000-000000000001', 1, null],
      },
    });
  });

  test('a value that looks like a mark, or like JSON, stays a value', () => {
    const values = { text: '{{group}}","x":"', group: '$&', id: '1' };
    expect(fillTemplate({ a: '{{text}} {{group}} {{other}}' }, values)).toEqual({ a: '{{group}}","x":" $& {{other}}' });
  });

  test('a key that would end a header is refused', async () => {
    const secrets = { url: `https://${receivers.host}/`, key: 'a\r\nx: y', header: 'apikey' as const, group: 'g' };
    const sealed = await sealSecrets(secrets, deliverer.key, 'acme');
    expect(
      await deliverer.deliver(notification({ kind: 'chat', destination: receivers.host, sealed, template: {} }), 5_000),
    ).toMatchObject({ final: true });
  });
});

describe('a mail', () => {
  test('says what happened, from the platform, over TLS', async () => {
    expect(await deliverer.deliver(notification({}), 5_000)).toBeUndefined();
    expect(receivers.mails).toMatchObject([
      {
        messageId: '<7b7e8a52-0000-4000-8000-000000000001@platform.example>',
        from: { address: 'alerts@platform.example' },
        to: [{ address: 'on-call@acme.example' }],
        subject: '[critical] hot: sensor-1 opened',
      },
    ]);
    const { text } = receivers.mails[0]!;
    expect(text).toContain(
      'critical: hot, sensor-1: t was 5, which is above 1\nDevice: Sensor 1 (sensor-1), of Acme\nOpened: 2026-11-30 04:00:00 UTC',
    );
    expect(text).toContain(`https://dashboard.example/notifications/#token=${deliverer.tokenOf('channel')}`);
  });

  test('asks for a confirmation with a token that is the channel’s alone', async () => {
    await deliverer.deliver(
      notification({ transition: 'confirmation', alert_id: null, content: { tenant: 'acme' } }),
      5_000,
    );
    expect(receivers.mails[0]).toMatchObject({ subject: 'Confirm this address for alerts' });
    expect(receivers.mails[0]!.text).toContain(deliverer.tokenOf('channel'));
    expect(deliverer.tokenOf('another')).not.toBe(deliverer.tokenOf('channel'));
  });

  test.each([
    '\r\nBcc: victim@other.example',
    '\nBcc: victim@other.example',
    '\u2028Bcc: victim@other.example',
    '\0\u202e',
  ])('a name with %j is part of one line', async (evil) => {
    const content = {
      ...ALERT,
      tenant: `A${evil}`,
      rule: `r${evil}`,
      device: `d${evil}`,
      device_name: evil,
      message: `m${evil}`,
    };
    for (const transition of ['opened', 'confirmation', 'test']) {
      expect(await deliverer.deliver(notification({ transition, content }), 5_000)).toBeUndefined();
    }
    for (const mail of receivers.mails) {
      expect(mail.bcc).toBeUndefined();
      expect(mail.to).toHaveLength(1);
      expect(mail.subject).not.toMatch(/[\p{Cc}\p{Zl}]/u);
    }
  });

  test('to an address that its server refuses is not tried again; a server that is away is', async () => {
    expect(await deliverer.deliver(notification({ destination: 'nobody@acme.example' }), 5_000)).toEqual({
      text: 'Not sent: the mail server refused it with code 550.',
      final: true,
    });
    const locked = await make({ NOTIFY_SMTP_PASSWORD: 'wrong' });
    expect(await locked.deliver(notification({}), 5_000)).toEqual({
      text: 'Not delivered: the connection failed (EAUTH).',
      final: false,
    });
    locked.close();
  });

  test('needs a mail server', async () => {
    const { NOTIFY_SMTP_URL: _, ...others } = receivers.settings;
    const silent = await makeDeliverer(readNotifySettings(others)!);
    expect(silent.mailFrom).toBeUndefined();
    expect(await silent.deliver(notification({}), 5_000)).toEqual({
      text: 'Not sent: this platform sends no mail: its operator has configured no mail server.',
      final: true,
    });
  });
});

test('the settings are complete, or there are none', async () => {
  expect(readNotifySettings({})).toBeUndefined();
  const mail = { NOTIFY_KEY: 'ab'.repeat(32), NOTIFY_SMTP_URL: 'smtp://u@smtp.example.com:587' };
  expect(() => readNotifySettings(mail)).toThrow(/NOTIFY_FROM is missing.*\n.*NOTIFY_DASHBOARD_URL is missing/);
  expect(() => readNotifySettings({ NOTIFY_KEY: 'short' })).toThrow('NOTIFY_KEY must be 64 hexadecimal digits');
  for (const from of ["o'brien+alerts@mail.example", 'alerts&more@localhost'])
    expect(
      readNotifySettings({ ...mail, NOTIFY_FROM: from, NOTIFY_DASHBOARD_URL: 'https://d.example' })?.mail?.from,
    ).toBe(from);
  for (const from of [
    'a@b@c.example',
    '<a@b.example>',
    'a@b.example\r\nBcc: c@d.example',
    'a@-b.example',
    '@b.example',
  ])
    expect(() => readNotifySettings({ ...mail, NOTIFY_FROM: from }), from).toThrow(
      'NOTIFY_FROM must be a mail address',
    );
  for (const url of ['http://x.example', 'smtp://x.example:25', 'smtp://']) {
    expect(() => readNotifySettings({ NOTIFY_SMTP_URL: url })).toThrow(/NOTIFY_SMTP_URL must/);
  }
  expect((await openingKey(Uint8Array.from(Buffer.from('ab'.repeat(32), 'hex')))).publicKey).toMatch(
    /^[A-Za-z0-9_-]{87}$/,
  );
});
