// The session that messages are queued for, as ingest's is: QoS 1, persistent, acknowledges what it takes.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Packet } from 'mqtt-packet';
import { DONE_TOPIC, TELEMETRY_FILTER } from '../../domain/topics.ts';
import { type Client, type ClientOptions, connectClient } from './mqtt-client.ts';

/** Ingest acknowledges a batch when it is committed. */
const BATCH_MS = 20;

/** Connects the session and subscribes to all telemetry; every message goes to `receive` and is acknowledged. */
export async function subscribeAll(
  options: ClientOptions,
  receive: (payload: Buffer, topic: string) => void,
): Promise<Client> {
  const client = await connectClient({ sessionSeconds: 86_400, ...options });
  const subscribed = Promise.withResolvers<void>();
  const taken: number[] = [];
  const done = { told: 0, messages: 0, bytes: 0 };
  const timer = setInterval(() => {
    client.socket.cork();
    for (const messageId of taken.splice(0)) client.send({ cmd: 'puback', messageId, reasonCode: 0 });
    if (done.messages > done.told) {
      done.told = done.messages;
      const payload = `${done.messages} ${done.bytes}`;
      client.send({ cmd: 'publish', topic: DONE_TOPIC, payload, qos: 0, dup: false, retain: false });
    }
    client.socket.uncork();
  }, BATCH_MS);
  client.closed.then(() => clearInterval(timer));
  client.onPacket((packet: Packet) => {
    if (packet.cmd === 'suback') subscribed.resolve();
    if (packet.cmd !== 'publish') return;
    receive(packet.payload as Buffer, packet.topic);
    done.messages += 1;
    done.bytes += packet.payload.length;
    if (packet.qos === 1 && packet.messageId) taken.push(packet.messageId);
  });
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: TELEMETRY_FILTER, qos: 1 }] });
  await subscribed.promise;
  return client;
}

/** Takes what is queued until nothing has come for `quietMs`. */
export async function drain(options: ClientOptions, quietMs = 700): Promise<Buffer[]> {
  const received: Buffer[] = [];
  const client = await subscribeAll(options, (payload) => received.push(payload));
  for (let before = -1; before < received.length; ) {
    before = received.length;
    await sleep(quietMs);
  }
  await client.close();
  return received;
}
