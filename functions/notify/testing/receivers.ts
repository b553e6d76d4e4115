// What notifications are sent to in tests: a real HTTPS receiver that verifies with the foreign library, a real SMTP server, and a database with
// channels to both.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import type { Client } from 'pg';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { newWebhookSecret, openingKey, sealSecrets } from '../../../domain/sealed-secrets.ts';
import { issue, makeAuthority } from '../../../lab/authority.ts';

/** A request that came. */
export interface Received {
  id: string;
  headers: IncomingMessage['headers'];
  body: { type: string; timestamp: string; data: Record<string, unknown> };
}

/** Both receivers, and how to make channels that lead to them. */
export interface Receivers {
  /** In the environment of the sending job. */
  settings: Record<string, string>;
  /** Verified ones, in the order in which they came. */
  requests: Received[];
  mails: Email[];
  /** Status that the HTTPS receiver answers; 0: it cuts the connection. */
  answer: number;
  /** Waits so long before it answers. */
  delayMs: number;
  secret: string;
  host: string;
  /** Makes a channel as the operator. @returns its id. */
  addWebhook(admin: Client, tenant: string): Promise<string>;
  addMail(admin: Client, tenant: string, address: string): Promise<string>;
  stop(): Promise<void>;
}

const SEED = '5e'.repeat(32);

/** Starts both on loopback. */
export async function startReceivers(): Promise<Receivers> {
  const ca = await makeAuthority('notifications');
  const { certificate: cert, key } = await issue(ca, ['localhost'], ['127.0.0.1']);
  const secret = newWebhookSecret();
  const webhook = new Webhook(secret);
  const sockets = new Set<Socket>();
  const requests: Received[] = [];
  const mails: Email[] = [];

  const https = createServer({ cert, key }, async (request, response) => {
    const body = await text(request);
    if (receivers.answer === 0) return request.socket.destroy();
    const headers = request.headers as Record<string, string>;
    if (receivers.answer < 300) {
      requests.push({
        id: headers['webhook-id'] ?? '',
        headers,
        body: headers['webhook-id'] ? (webhook.verify(body, headers) as Received['body']) : JSON.parse(body),
      });
    }
    setTimeout(
      () => response.writeHead(receivers.answer, { location: 'https://localhost/' }).end('x'.repeat(100_000)),
      receivers.delayMs,
    );
    return undefined;
  });
  https.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  const smtp = new SMTPServer({
    cert,
    key,
    onAuth: ({ username, password }, _session, done) =>
      username === 'alerts' && password === 'p@ss' ? done(null, { user: username }) : done(new Error('wrong password')),
    onRcptTo: ({ address }, _session, done) =>
      done(address.startsWith('nobody@') ? Object.assign(new Error('no such user'), { responseCode: 550 }) : null),
    onData: (stream, _session, done) =>
      void buffer(stream)
        .then((bytes) => PostalMime.parse(bytes))
        .then((mail) => {
          mails.push(mail);
          done();
        }, done),
  });
  smtp.on('error', () => {});
  https.listen(0, '127.0.0.1');
  const smtpServer = smtp.listen(0, '127.0.0.1');
  await Promise.all([once(https, 'listening'), once(smtpServer, 'listening')]);
  const host = `localhost:${(https.address() as AddressInfo).port}`;

  const addChannel = async (
    admin: Client,
    tenant: string,
    kind: string,
    destination: string,
    sealed: string | null,
  ) => {
    const { rows } = await admin.query<{ id: string }>(
      `with c as (insert into public.notification_channels (tenant_id, name, kind, destination, confirmed_at)
         values ($1, $2, $3, $4, now()) returning id, tenant_id)
       insert into ingest.channel_states (tenant_id, channel_id, sealed) select tenant_id, id, $5 from c returning channel_id as id`,
      [tenant, `to ${destination}`, kind, destination, sealed],
    );
    return rows[0]!.id;
  };
  const receivers: Receivers = {
    settings: {
      NOTIFY_KEY: SEED,
      NOTIFY_SMTP_URL: `smtp://alerts@localhost:${(smtpServer.address() as AddressInfo).port}`,
      NOTIFY_SMTP_PASSWORD: 'p@ss',
      NOTIFY_FROM: 'alerts@platform.example',
      NOTIFY_DASHBOARD_URL: 'https://dashboard.example/',
      NOTIFY_CA: ca.certificate,
      NOTIFY_ALLOW_LOOPBACK: 'true',
    },
    requests,
    mails,
    answer: 204,
    delayMs: 0,
    secret,
    host,
    addWebhook: async (admin, tenant) => {
      const publicKey = await openingKey(Uint8Array.from(Buffer.from(SEED, 'hex')));
      return addChannel(
        admin,
        tenant,
        'webhook',
        host,
        await sealSecrets({ url: `https://${host}/alerts?t=1`, secret }, publicKey, tenant),
      );
    },
    addMail: (admin, tenant, address) => addChannel(admin, tenant, 'email', address, null),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([new Promise((done) => https.close(done)), new Promise<void>((done) => smtp.close(done))]);
    },
  };
  return receivers;
}

/** Tells the channel of everything at once. */
export const addRoute = (admin: Client, tenant: string, channel: string) =>
  admin.query(
    `insert into public.notification_routes (tenant_id, channel_id, severities, digest_above)
     values ($1, $2, '{info,warning,critical}', 1000)`,
    [tenant, channel],
  );
