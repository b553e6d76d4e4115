// Sends the commands that people ask for in the dashboard to their devices, with the broker account for control.
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import type { Client } from 'pg';
import { COMMAND_CHANNEL, devicePrefix } from '../../domain/topics.ts';
import { lookEachSecond } from '../../local/look-each-second.ts';
import { inTransaction } from '../../provisioning/database/connect.ts';

/** The control account's name on the broker. */
export const CONTROL_USERNAME = 'svc-control';

/** How to reach both ends. */
export interface CommandSenderOptions {
  /** URL of the database as mqtt_ingest. */
  databaseUrl: string;
  brokerUrl: string;
  /** PEM of the CA to trust. */
  ca: string;
  /** Key of the control account. */
  key: string;
  /** Called once when commands cannot be sent, and once when they can be again. */
  onTrouble: (message: string) => void;
}

const MOST = 50;
const SENT_WITHIN_MS = 5000;
/** MQTT 5, 3.4.2.1: the broker took the message, and no session wanted it. */
const NO_MATCHING_SUBSCRIBERS = 0x10;

/** Looks every second; a command is sent once, whether its device is there or not. */
export function startCommandSender(options: CommandSenderOptions): { stop(): Promise<void> } {
  const { databaseUrl, brokerUrl, ca, key, onTrouble } = options;
  const broker = mqtt.connect(brokerUrl, {
    ...{ protocolVersion: 5, username: CONTROL_USERNAME, clientId: CONTROL_USERNAME, password: key, ca },
    ...{ reconnectPeriod: 1000, reconnectOnConnackError: true, queueQoSZero: false },
  });
  broker.on('error', () => {}); // It reconnects; the broker's log has the reason.
  const looking = lookEachSecond({
    databaseUrl,
    look: async (database) => {
      if (broker.connected) await sendWaiting(database, broker);
    },
    onTrouble,
    broken: 'commands wait, they cannot be sent',
    mended: 'commands can be sent again',
  });
  return {
    stop: async () => {
      await looking.stop();
      await broker.endAsync(true);
    },
  };
}

/** In one transaction: a command that was taken is sent and marked, or stays for the next look. */
function sendWaiting(database: Client, broker: mqtt.MqttClient): Promise<void> {
  return inTransaction(database, async () => {
    const { rows } = await database.query<Command>('select * from ingest.waiting_commands($1)', [MOST]);
    for (const { id, tenant_slug, device_slug, payload } of rows) {
      const topic = `${devicePrefix(tenant_slug, device_slug)}/${COMMAND_CHANNEL}`;
      const problem = await send(broker, topic, JSON.stringify(payload), id);
      await database.query('select ingest.finish_command($1, $2)', [id, problem ?? null]);
    }
  });
}

interface Command {
  id: string;
  tenant_slug: string;
  device_slug: string;
  payload: unknown;
}

/** Resolves with what kept it from its device, if anything did. @throws Error when the broker did not take it. */
async function send(broker: mqtt.MqttClient, topic: string, text: string, id: string): Promise<string | undefined> {
  const taken = new Promise<mqtt.Packet | undefined>((resolve, reject) => {
    const properties = { contentType: 'application/json', userProperties: { id } };
    broker.publish(topic, text, { qos: 1, properties }, (error, packet) => (error ? reject(error) : resolve(packet)));
  });
  const late = sleep(SENT_WITHIN_MS, undefined, { ref: false }).then(() => {
    throw new Error('the broker did not acknowledge a command');
  });
  const packet = (await Promise.race([taken, late])) as { reasonCode?: number } | undefined;
  return packet?.reasonCode === NO_MATCHING_SUBSCRIBERS ? 'The device was not connected.' : undefined;
}
