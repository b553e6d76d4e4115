// A cluster of three real servers, and the clients that try it.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type JsMsg, jetstream } from '@nats-io/jetstream';
import { connect as connectNats, type NatsConnection } from '@nats-io/transport-node';
import mqtt from 'mqtt';
import { clientIdOf, consumerOf, INGEST_INBOX, MESSAGES_STREAM, PARTITIONS } from '../../domain/cluster.ts';
import { generateKey, hashKey } from '../../domain/credentials.ts';
import { type Cluster, type ClusterOptions, startCluster } from '../../lab/cluster.ts';
import { makeScratchDir } from '../../lab/unprivileged.ts';
import type { RegistryEntry } from '../../provisioning/broker/registry.ts';

/** Every account's key, where a test makes the registry itself. */
export const key = generateKey();
export const passwordHash = await hashKey(key);

export const device = (tenant: string, name: string, hash = passwordHash): RegistryEntry => ({
  kind: 'device',
  tenant,
  device: name,
  passwordHash: hash,
});
export const REGISTRY: RegistryEntry[] = [
  { kind: 'service', username: 'svc-ingest', purpose: 'ingest', passwordHash },
  { kind: 'service', username: 'svc-control', purpose: 'control', passwordHash },
  device('acme', 'pump-1'),
  device('acme', 'pump-2'),
  device('umbrella', 'hive'),
];

type ConnectOptions = mqtt.IClientOptions & { server?: number; over?: boolean };

/** A cluster with its clients. */
export interface Rig {
  cluster: Cluster;
  /**
   * A client that does not reconnect, after the user's former ones have gone. @throws when it is refused.
   * @param options `over`: the former ones stay, and the new one takes their place.
   */
  connect(username: string, options?: ConnectOptions): Promise<mqtt.MqttClient>;
  nats(username: string, password?: string): Promise<NatsConnection>;
  /** Takes and acknowledges what waits for ingest. */
  take(): Promise<JsMsg[]>;
  stop(): Promise<void>;
}

export async function startRig(options: Partial<ClusterOptions> = {}): Promise<Rig> {
  const dir = makeScratchDir();
  const cluster = await startCluster({ dir: join(dir, 'cluster'), registry: REGISTRY, ...options });
  const ca = readFileSync(cluster.caFile);
  let clients: { username: string; client: mqtt.MqttClient }[] = [];
  const nats = (user: string, pass = key) =>
    connectNats({
      servers: cluster.addresses,
      user,
      pass,
      inboxPrefix: INGEST_INBOX,
      tls: { caFile: cluster.caFile },
      reconnect: false,
    });
  let ingest: NatsConnection | undefined;
  return {
    cluster,
    nats,
    connect: async (username, { server = 0, over = false, ...more } = {}) => {
      // Who takes a place twice within a second is kept out for a second.
      const former = over ? [] : clients.filter((each) => each.username === username);
      // One that was cut off waits for its last acknowledgement otherwise.
      await Promise.all(former.map(({ client }) => client.endAsync(!client.connected)));
      clients = clients.filter((each) => !former.includes(each));
      const base = { username, password: key, clientId: clientIdOf(username), protocolVersion: 4, reconnectPeriod: 0 };
      const client = await mqtt.connectAsync(cluster.servers[server]!.url, { ...base, ca, ...more } as never, false);
      client.on('error', () => {});
      clients.push({ username, client });
      return client;
    },
    take: async () => {
      ingest ??= await nats('svc-ingest');
      const taken: JsMsg[] = [];
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        const consumer = await jetstream(ingest).consumers.get(MESSAGES_STREAM, consumerOf(partition));
        for await (const message of await consumer.fetch({ max_messages: 100, expires: 1_000 })) {
          message.ack();
          taken.push(message);
        }
      }
      await ingest.flush();
      return taken;
    },
    stop: async () => {
      await Promise.all(clients.map(({ client }) => client.endAsync(true)));
      await ingest?.close();
      await cluster.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
