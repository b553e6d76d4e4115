// The rig of the control loop's tests: a broker and a database, devices that listen and answer, and commands for them.
import type mqtt from 'mqtt';
import { afterAll, afterEach, beforeAll, onTestFinished } from 'vitest';
import { type Lab, type LabDevice, startLab } from '../../../lab/lab.ts';
import { keepLog, never } from '../../../tests/support/keep-log.ts';
import { type Database, openDatabase } from '../../database/connection.ts';
import { runOnce } from '../../ingest/run.ts';
import { readControlSettings } from '../../settings/control.ts';
import { createControl } from '../loop.ts';

export let lab: Lab;
export let database: Database;
export let pump: LabDevice;
export let valve: LabDevice;
export let hive: LabDevice;

/** Starts them for the tests of a file, and removes commands and states after each. */
export function controlLabOfFile(): void {
  beforeAll(async () => {
    lab = await startLab({
      devices: [
        { tenant: 'acme', device: 'pump' },
        { tenant: 'acme', device: 'valve' },
        { tenant: 'umbrella', device: 'hive' },
      ],
      broker: { config: { maxMessageBytes: 16 * 1024 } },
    });
    [pump, valve, hive] = lab.devices as [LabDevice, LabDevice, LabDevice];
    database = openDatabase(lab.settings('x').database);
    // Its session is on the broker from now on.
    await drain();
  });
  afterAll(async () => {
    await database?.close();
    await lab?.stop();
  });
  afterEach(() => lab.admin.query('delete from public.device_commands; delete from public.device_state'));
}

export const environment = () => ({ ...lab.env('x'), MQTT_CONTROL_PASSWORD: lab.serviceKey });

/** A control loop; ended when the test ends. */
export function startControl(settings = () => readControlSettings(environment())) {
  const control = createControl(settings);
  onTestFinished(control.end);
  return { end: control.end, turn: (leftMs = 20_000) => control.run(database, keepLog().log, () => leftMs) };
}

/** Makes everything that was done so far older, and lets the loop look again. */
export const again = (by = '0 s') =>
  lab.admin.query(`update public.device_commands set handed_at = handed_at - '${by}'::interval;
    update public.device_state set next_at = now() where next_at is not null`);

/** Asks for a command. @returns its id. */
export async function ask(device: LabDevice, payload: object, expires = '1 day'): Promise<string> {
  const { rows } = await lab.admin.query<{ id: string }>(
    `insert into public.device_commands (tenant_id, device_id, payload, expires_at) values ($1, $2, $3, now() + $4::interval) returning id`,
    [device.tenantId, device.id, payload, expires],
  );
  return rows[0]!.id;
}

/** Brings what devices have published into the database. */
export const drain = () => runOnce(lab.settings('mqtt-ingest'), keepLog().log, never);

export const states = async () =>
  (await lab.admin.query('select state, error, result from public.device_commands order by requested_at, id')).rows;

/** A device that is connected and subscribed, with what it receives. @param acknowledge makes its answer to a command. */
export async function listen(
  of: LabDevice,
  filter: string | undefined,
  acknowledge?: (id: string, text: string) => object,
  protocolVersion: 4 | 5 = 5,
  more: mqtt.IClientOptions = {},
) {
  const client = await of.connect({ protocolVersion, ...more });
  onTestFinished(() => client.endAsync(true));
  const prefix = of.topic.slice(0, -'telemetry'.length);
  const received: { topic: string; text: string }[] = [];
  client.on('message', (topic, payload) => {
    received.push({ topic: topic.slice(prefix.length), text: `${payload}` });
    if (acknowledge)
      client.publish(`${prefix}acks`, JSON.stringify(acknowledge(topic.split('/').at(-1)!, `${payload}`)), { qos: 1 });
  });
  if (filter) await client.subscribeAsync(`${prefix}${filter}`, { qos: 1 });
  return { client, received, prefix };
}
