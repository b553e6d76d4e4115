// Simulated devices: each connects with its own key over TLS, as a real one does, publishes a reading at an interval, acknowledges commands
// and reports what is desired of it as done.
import { randomUUID } from 'node:crypto';
import mqtt from 'mqtt';
import { deviceUsername } from '../domain/identifiers.ts';
import {
  COMMAND_CHANNEL,
  DESIRED_CHANNEL,
  devicePrefix,
  type ReportChannel,
  telemetryTopic,
} from '../domain/topics.ts';

/** A device to simulate. */
export interface SimulatedDevice {
  tenant: string;
  device: string;
  key: string;
  /** Sometimes repeats a reading (as after a lost acknowledgement), and sends one that is not JSON. */
  faulty: boolean;
}

/** How the devices reach the broker. */
export interface SimulatorOptions {
  brokerUrl: string;
  /** PEM of the CA to trust. */
  ca: string;
  devices: readonly SimulatedDevice[];
  /** Milliseconds between two readings of one device. */
  intervalMs: number;
}

/** Running devices. */
export interface Simulator {
  /** Number of readings that the broker has acknowledged. */
  acknowledged(): number;
  stop(): Promise<void>;
}

const REPEAT_EVERY = 20;
const GARBAGE_EVERY = 50;

/** Starts the devices; they reconnect by themselves. */
export function startSimulator({ brokerUrl, ca, devices, intervalMs }: SimulatorOptions): Simulator {
  let acknowledged = 0;
  const clients = devices.map(({ tenant, device, key, faulty }, index) => {
    const client = mqtt.connect(brokerUrl, {
      protocolVersion: 5,
      username: deviceUsername(tenant, device),
      password: key,
      clientId: deviceUsername(tenant, device),
      ca,
      reconnectPeriod: 1000,
      // The broker refuses a new device until it has read the registry again.
      reconnectOnConnackError: true,
    });
    client.on('error', () => {}); // It reconnects; the broker's log has the reason.
    obey(client, devicePrefix(tenant, device));
    let count = 0;
    let last = '';
    const publish = () => {
      if (!client.connected) return;
      count += 1;
      if (!(faulty && count % REPEAT_EVERY === 0)) last = reading(index);
      const payload = faulty && count % GARBAGE_EVERY === 0 ? 'temperature=21' : last;
      client.publish(telemetryTopic(tenant, device), payload, { qos: 1 }, (error) => {
        if (!error) acknowledged += 1;
      });
    };
    // Spread over the interval, as with real devices.
    let timer = setTimeout(
      () => {
        publish();
        timer = setInterval(publish, intervalMs);
      },
      (intervalMs / devices.length) * index,
    );
    return { client, stop: () => clearTimeout(timer) };
  });
  return {
    acknowledged: () => acknowledged,
    stop: async () => {
      for (const { stop } of clients) stop();
      await Promise.all(clients.map(({ client }) => client.endAsync()));
    },
  };
}

/** Does what it is told: a command is acknowledged with what it asked for, a desired state is the reported one from then on. */
function obey(client: mqtt.MqttClient, prefix: string): void {
  const say = (channel: ReportChannel, body: object) =>
    client.publish(`${prefix}/${channel}`, JSON.stringify(body), { qos: 1 });
  client.on('connect', () => {
    client.subscribe([`${prefix}/${COMMAND_CHANNEL}/+`, `${prefix}/${DESIRED_CHANNEL}`], { qos: 1 });
  });
  client.on('message', (topic, payload) => {
    const [channel, id] = topic.slice(prefix.length + 1).split('/');
    // An empty one: nothing is desired any more.
    if (payload.length === 0) return;
    const asked = JSON.parse(`${payload}`) as object;
    if (channel === COMMAND_CHANNEL) say('acks', { id, result: asked });
    else say('reported', { ...asked, firmware: 'simulated' });
  });
}

/** A plausible reading: a slow daily wave with noise, its own id and the device's time. */
function reading(phase: number): string {
  const hours = Date.now() / 3_600_000;
  const wave = Math.sin((hours / 24) * 2 * Math.PI + phase);
  return JSON.stringify({
    id: randomUUID(),
    ts: new Date().toISOString(),
    temperature: round(21 + 4 * wave + Math.random()),
    humidity: round(50 - 15 * wave + 2 * Math.random()),
  });
}

const round = (value: number) => Math.round(value * 100) / 100;
