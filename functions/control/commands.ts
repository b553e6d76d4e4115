// Sends commands from the dashboard to their devices, with the broker account for control.
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import type { Client } from 'pg';
import { COMMAND_CHANNEL, devicePrefix } from '../../domain/topics.ts';
import { NO_MATCHING_SUBSCRIBERS, nameReason } from '../broker/index.ts';
import { type Database, openDatabase } from '../database/connection.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import { startSchedule } from '../runtime/schedule.ts';
import type { ControlSettings } from '../settings/control.ts';

const EVERY_MS = 1000;
/** Maximum number of commands in one turn. */
const MOST = 50;
const SENT_WITHIN_MS = 5000;
/** How often a command is tried that the broker does not acknowledge, and the pause before it is tried again. */
const MOST_TRIES = 3;
const AGAIN_AFTER_MS = 10_000;

/**
 * Sends waiting commands every second. A command is sent once, whether its device is connected or not. It is sent again only if the
 * broker's acknowledgement is late or the commit fails; other commands do not wait for that.
 * @param onTrouble called once when commands cannot be sent, and once when they can be sent again.
 */
export function startCommandSender(
  settings: ControlSettings,
  onTrouble: (message: string) => void,
): { stop(): Promise<void> } {
  const database = openDatabase(settings.database);
  const broker = connectBroker(settings);
  const failed: Failed = new Map();
  let broken = false;
  const schedule = startSchedule([
    {
      everyMs: EVERY_MS,
      run: async () => {
        if (!broker.connected) return;
        try {
          await sendWaiting(database, broker, failed);
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

/** Commands that the broker did not acknowledge, by id: how often, and when they may be tried again. */
type Failed = Map<string, { tries: number; againAt: number }>;

/** Each command has its own transaction: it is sent and marked, or stays for a later turn, and neither repeats nor stops others. */
async function sendWaiting(database: Database, broker: mqtt.MqttClient, failed: Failed): Promise<void> {
  let trouble: unknown;
  for (let sent = 0; sent < MOST; sent++) {
    const found = await database.transaction('', async (client: Client) => {
      const { rows } = await client.query<Command>('select * from ingest.waiting_commands($1)', [failed.size + 1]);
      const command = rows.find(({ id }) => (failed.get(id)?.againAt ?? 0) <= Date.now());
      if (command === undefined) return false;
      const { id, tenant_slug, device_slug, payload } = command;
      const topic = `${devicePrefix(tenant_slug, device_slug)}/${COMMAND_CHANNEL}`;
      const tries = (failed.get(id)?.tries ?? 0) + 1;
      let problem: string | undefined;
      try {
        problem = await send(broker, topic, JSON.stringify(payload), id);
      } catch (error) {
        trouble = error;
        failed.set(id, { tries, againAt: Date.now() + AGAIN_AFTER_MS });
        if (tries < MOST_TRIES) return broker.connected;
        problem = 'The broker did not confirm it. The device may have got it.';
      }
      failed.delete(id);
      await client.query('select ingest.finish_command($1, $2)', [id, problem ?? null]);
      return broker.connected;
    });
    if (!found) break;
  }
  // What has expired, or was deleted with its device, is not asked for again.
  for (const [id, { againAt }] of failed) if (againAt < Date.now() - AGAIN_AFTER_MS * MOST) failed.delete(id);
  if (trouble) throw trouble;
}

interface Command {
  id: string;
  tenant_slug: string;
  device_slug: string;
  payload: unknown;
}

/** Resolves with the reason why the device did not get it, if there is one. @throws Error if the broker did not answer. */
async function send(broker: mqtt.MqttClient, topic: string, text: string, id: string): Promise<string | undefined> {
  const answer = Promise.withResolvers<number>();
  const ended = new AbortController();
  let number: number | undefined;
  // mqtt.js hands its callback the PUBLISH again (https://github.com/mqttjs/MQTT.js/issues/1511), and chooses the packet identifier when it
  // sends: so the packets themselves say which PUBACK is this command's.
  const onSent = (packet: mqtt.Packet) => {
    if (packet.cmd === 'publish' && packet.properties?.userProperties?.id === id) number = packet.messageId;
  };
  const onReceived = (packet: mqtt.Packet) => {
    if (packet.cmd === 'puback' && packet.messageId === number) answer.resolve(packet.reasonCode ?? 0);
  };
  const onClose = () => answer.reject(new Error('the connection to the broker ended before it acknowledged a command'));
  broker.on('packetsend', onSent).on('packetreceive', onReceived).on('close', onClose);
  try {
    const late = sleep(SENT_WITHIN_MS, undefined, { signal: ended.signal }).then(() => {
      throw new Error('the broker did not acknowledge a command in time');
    });
    late.catch(() => {});
    broker.publish(topic, text, { qos: 1, properties: { contentType: 'application/json', userProperties: { id } } });
    const reason = await Promise.race([answer.promise, late]);
    if (reason >= 0x80) return `The broker refused it: ${nameReason(reason)}.`;
    return reason === NO_MATCHING_SUBSCRIBERS ? 'The device was not connected.' : undefined;
  } catch (error) {
    // Or the client would send it once more after its next reconnect, whatever has become of it meanwhile.
    if (number !== undefined) broker.removeOutgoingMessage(number);
    throw error;
  } finally {
    ended.abort();
    answer.promise.catch(() => {});
    broker.off('packetsend', onSent).off('packetreceive', onReceived).off('close', onClose);
  }
}
