// Sends commands from the dashboard to their devices, with the broker account for control.
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import type { Client } from 'pg';
import { COMMAND_CHANNEL, devicePrefix } from '../../domain/topics.ts';
import { type Database, openDatabase } from '../database/connection.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import { startSchedule } from '../runtime/schedule.ts';
import type { ControlSettings } from '../settings/control.ts';

const EVERY_MS = 1000;
/** Maximum number of commands in one turn. */
const MOST = 50;
const SENT_WITHIN_MS = 5000;
/** MQTT 5, 3.4.2.1: the broker accepted the message, but no session was subscribed. */
const NO_MATCHING_SUBSCRIBERS = 0x10;

/**
 * Sends waiting commands every second. A command is sent once, whether its device is connected or not. It is sent again only if the
 * broker's acknowledgement is late or the commit fails.
 * @param onTrouble called once when commands cannot be sent, and once when they can be sent again.
 */
export function startCommandSender(
  settings: ControlSettings,
  onTrouble: (message: string) => void,
): { stop(): Promise<void> } {
  const database = openDatabase(settings.database);
  const broker = connectBroker(settings);
  let broken = false;
  const schedule = startSchedule([
    {
      everyMs: EVERY_MS,
      run: async () => {
        if (!broker.connected) return;
        try {
          await sendWaiting(database, broker);
          if (broken) onTrouble('commands can be sent again');
          broken = false;
        } catch (error) {
          if (!broken) onTrouble(`commands wait, they cannot be sent: ${summarizeError(error).message}`);
          broken = true;
        }
      },
    },
  ]);
  return {
    stop: async () => {
      await schedule.stop();
      await broker.endAsync(true);
      await database.close();
    },
  };
}

function connectBroker({ broker: { host, port, tls }, ca, username, password }: ControlSettings): mqtt.MqttClient {
  const client = mqtt.connect({
    host,
    port,
    protocol: tls ? 'mqtts' : 'mqtt',
    protocolVersion: 5,
    username,
    clientId: username,
    password,
    ca,
    reconnectPeriod: 1000,
    reconnectOnConnackError: true,
    queueQoSZero: false,
  });
  client.on('error', () => {}); // It reconnects; the broker's log has the reason.
  return client;
}

/** Each command has its own transaction: it is sent and marked, or stays for the next turn, and never repeats others. */
async function sendWaiting(database: Database, broker: mqtt.MqttClient): Promise<void> {
  for (let sent = 0; sent < MOST; sent++) {
    const found = await database.transaction('', async (client: Client) => {
      const { rows } = await client.query<Command>('select * from ingest.waiting_commands(1)');
      const [command] = rows;
      if (command === undefined) return false;
      const { id, tenant_slug, device_slug, payload } = command;
      const topic = `${devicePrefix(tenant_slug, device_slug)}/${COMMAND_CHANNEL}`;
      const problem = await send(broker, topic, JSON.stringify(payload), id);
      await client.query('select ingest.finish_command($1, $2)', [id, problem ?? null]);
      return true;
    });
    if (!found) return;
  }
}

interface Command {
  id: string;
  tenant_slug: string;
  device_slug: string;
  payload: unknown;
}

/** Resolves with the reason why the device did not get it, if there is one. @throws Error if the broker did not accept it. */
async function send(broker: mqtt.MqttClient, topic: string, text: string, id: string): Promise<string | undefined> {
  // mqtt.js hands its callback the PUBLISH again; only the PUBACK has the reason (https://github.com/mqttjs/MQTT.js/issues/1511).
  const reasons = new Map<number | undefined, number | undefined>();
  const keepReason = (packet: mqtt.Packet) => {
    if (packet.cmd === 'puback') reasons.set(packet.messageId, packet.reasonCode);
  };
  broker.on('packetreceive', keepReason);
  try {
    const properties = { contentType: 'application/json', userProperties: { id } };
    const taken = broker.publishAsync(topic, text, { qos: 1, properties });
    const late = sleep(SENT_WITHIN_MS, undefined, { ref: false }).then(() => {
      throw new Error('the broker did not acknowledge a command');
    });
    const packet = await Promise.race([taken, late]);
    return reasons.get(packet?.messageId) === NO_MATCHING_SUBSCRIBERS ? 'The device was not connected.' : undefined;
  } finally {
    broker.off('packetreceive', keepReason);
  }
}
