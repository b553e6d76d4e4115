// A device that keeps the topic it had before the platform, from end to end: the machine's agent renders the rights, a real broker
// grants them, and ingest stores what comes. After the topic's last day nothing that was acknowledged is lost.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorWithReasonCode, MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { telemetryTopic } from '../domain/topics.ts';
import { redrive } from '../functions/ingest/redrive.ts';
import { type RunResult, runOnce } from '../functions/ingest/run.ts';
import { runWorker } from '../functions/worker/worker.ts';
import { endTopic, keepTopic } from '../provisioning/database/former-topics.ts';
import { addDevice, deleteDevice } from '../provisioning/database/registry.ts';
import { type AgentLab, HAS_PSYCOPG2, startAgentLab } from '../provisioning/machine/bundle/testing/agent.ts';
import { keepLog, never } from './support/keep-log.ts';

const WITHIN = { timeout: 20_000, interval: 100 };
/** MQTT 5.0, 3.4.2.1: not authorized. */
const REFUSED = 0x87;
const sensor = { tenant: 'acme', device: 'sensor-1' };
const TOPIC = 'devices/AbC_1';
const LAST_DAY = '2099-12-31';

let rig: AgentLab;
/** Has its own key now, and its former topic; it also subscribes to that topic. */
let old: MqttClient;
/** Of another tenant; it asks for everything. */
let other: MqttClient;
const overheard: string[] = [];

beforeAll(async () => {
  if (!HAS_PSYCOPG2) return;
  rig = await startAgentLab();
  const keys = [
    await addDevice(rig.admin, { ...sensor, createTenant: true }),
    await addDevice(rig.admin, { tenant: 'globex', device: 'spy', createTenant: true }),
  ];
  rig.startAgent();
  const letIn = keys.map(({ username, key }) => vi.waitFor(() => rig.connect(username, key), WITHIN));
  [old, other] = (await Promise.all(letIn)) as [MqttClient, MqttClient];
  for (const client of [old, other]) {
    client.on('message', (topic) => overheard.push(topic));
    await client.subscribeAsync(['#', 'devices/+/#', `${TOPIC}/telemetry`], { qos: 1 });
  }
}, 60_000);
afterAll(async () => {
  await old?.endAsync(true);
  await other?.endAsync(true);
  await rig?.stop();
});

/** Publishes with QoS 1; the reason when it is refused. */
const publish = (client: MqttClient, topic: string, payload: string, retain = false) =>
  client.publishAsync(topic, payload, { qos: 1, retain }).then(
    () => 'acknowledged',
    ({ code }: ErrorWithReasonCode) => code,
  );

const settings = () => rig.settings('svc-ingest');
/** A run as the timer makes it. */
const run = (): Promise<RunResult> => runOnce(settings(), keepLog().log, never);

/** Whose readings are in the table, and what they say. */
async function stored(): Promise<string[]> {
  const { rows } = await rig.admin.query<{ reading: string }>(
    `select t.slug || '.' || d.slug || ' ' || (r.payload ->> 't') as reading
     from public.telemetry as r join public.devices as d on d.id = r.device_id join public.tenants as t on t.id = r.tenant_id
     order by (r.payload ->> 't')::int`,
  );
  return rows.map(({ reading }) => reading);
}

const letters = async () =>
  (
    await rig.admin.query(
      `select l.id::text, l.topic, l.reason, t.slug as tenant from public.dead_letters as l
       left join public.tenants as t on t.id = l.tenant_id order by l.id`,
    )
  ).rows;

/** Changes what the broker's rights are made of, and waits until the broker has read them. */
async function inForce(change: () => Promise<unknown>): Promise<void> {
  const before = rig.reloads();
  await change();
  await expect.poll(rig.reloads, WITHIN).toBeGreaterThan(before);
}
const keep = (topic = TOPIC) => keepTopic(rig.admin, { ...sensor, topic, until: LAST_DAY });

describe.runIf(HAS_PSYCOPG2)('a device that keeps its topic (needs python3-psycopg2)', { timeout: 60_000 }, () => {
  it('may not publish there before an operator allows it', async () => {
    expect(await publish(old, `${TOPIC}/telemetry`, '{"t": 0}')).toBe(REFUSED);
    expect(await run()).toMatchObject({ outcome: 'idle', received: 0 });
  });

  it('does not stop ingest when former topics cannot be read', async () => {
    await rig.admin.query('revoke select on ingest.former_topics from mqtt_ingest');
    await publish(old, telemetryTopic('acme', 'sensor-1'), '{"t": 0}');
    const { log, lines } = keepLog();
    expect(await runOnce(settings(), log, never)).toMatchObject({ outcome: 'idle', stored: 1 });
    const warnings = lines.filter(({ level }) => level === 'warn').map(({ msg }) => msg);
    expect(warnings).toEqual(['former topics not read, the subscriptions stay as they are']);
    await rig.admin.query('grant select on ingest.former_topics to mqtt_ingest; delete from public.telemetry');
  });

  it('publishes there as on its new topic; nobody else does, and only ingest receives it', async () => {
    await inForce(keep);
    await run();
    expect(await publish(old, `${TOPIC}/telemetry`, '{"t": 1}')).toBe('acknowledged');
    expect(await publish(old, `${TOPIC}/some/sensor`, '{"t": 2}')).toBe('acknowledged');
    expect(await publish(old, TOPIC, '{"t": 2, "at": "the topic itself"}')).toBe('acknowledged');
    expect(await publish(old, `${TOPIC}/telemetry`, '{"t": 3}', true)).toBe('acknowledged');
    expect(await publish(old, telemetryTopic('acme', 'sensor-1'), '{"t": 4}')).toBe('acknowledged');
    expect(await publish(old, `${TOPIC}/status`, 'online')).toBe('acknowledged');
    for (const topic of [`${TOPIC}/telemetry`, TOPIC, `${TOPIC}/x`, 'devices/other/telemetry']) {
      expect(await publish(other, topic, '{"t": 666}'), topic).toBe(REFUSED);
    }
    for (const topic of ['devices/AbC_2/telemetry', 'devices/AbC/telemetry', 'device/AbC_1/telemetry', 'devices']) {
      expect(await publish(old, topic, '{"t": 666}'), topic).toBe(REFUSED);
    }
    expect(await run()).toMatchObject({ outcome: 'idle', received: 6, stored: 5, rejected: 1 });
    expect(await stored()).toEqual([1, 2, 2, 3, 4].map((n) => `acme.sensor-1 ${n}`));
    expect(await letters()).toMatchObject([{ topic: `${TOPIC}/status`, reason: 'not-json', tenant: 'acme' }]);
    // A retained message is not sent to each run again.
    expect(await run()).toMatchObject({ outcome: 'idle', received: 0 });
    expect(overheard).toEqual([]);
    expect((await rig.admin.query('select from public.ingest_residuals')).rowCount).toBe(0);
  });

  it('is refused after its last day, and what was acknowledged before is stored', async () => {
    expect(await publish(old, `${TOPIC}/telemetry`, '{"t": 5}')).toBe('acknowledged');
    await inForce(() => endTopic(rig.admin, TOPIC));
    expect(await publish(old, `${TOPIC}/telemetry`, '{"t": 666}')).toBe(REFUSED);
    expect(await publish(old, telemetryTopic('acme', 'sensor-1'), '{"t": 6}')).toBe('acknowledged');
    expect(await run()).toMatchObject({ outcome: 'idle', received: 2, stored: 2 });
    expect((await stored()).slice(-2)).toEqual(['acme.sensor-1 5', 'acme.sensor-1 6']);
  });

  it('is heard by a worker that runs already, on the connection it has', async () => {
    const ending = new AbortController();
    const { log, lines } = keepLog();
    const working = runWorker(settings(), log, ending.signal);
    const connections = () => lines.filter(({ msg }) => msg === 'connected to the broker').length;
    await expect.poll(connections, WITHIN).toBe(1);
    await inForce(() => keep('device/AbC_1'));
    let sent = 100;
    const storedAfterOneMore = async () => {
      sent += 1;
      await publish(old, 'device/AbC_1/telemetry', `{"t": ${sent}}`);
      return (await stored()).at(-1);
    };
    await expect.poll(storedAfterOneMore, WITHIN).toMatch(/^acme\.sensor-1 1\d\d$/);
    await expect.poll(async () => (await stored()).at(-1), WITHIN).toBe(`acme.sensor-1 ${sent}`);
    expect(connections()).toBe(1);
    ending.abort();
    await working;
  });

  it('sent a message on a topic that belongs to nobody now: a dead letter, stored once a device keeps the topic again', async () => {
    await inForce(keep);
    await run();
    expect(await publish(old, `${TOPIC}/telemetry`, '{"t": 200}')).toBe('acknowledged');
    // The rights stay as they are, as while the agent cannot reach the database; the topic belongs to nobody now.
    await rig.stopAgent();
    await rig.admin.query('delete from broker.former_topics');
    expect(await run()).toMatchObject({ outcome: 'idle', received: 1, rejected: 1 });
    const letter = (await letters()).at(-1);
    expect(letter).toMatchObject({ topic: `${TOPIC}/telemetry`, reason: 'bad-topic', tenant: null });
    await keep();
    expect(await redrive(rig.admin, letter.id)).toEqual({ outcome: 'stored' });
    expect((await stored()).at(-1)).toBe('acme.sensor-1 200');
    expect(readFileSync(join(rig.accounts, 'acl'), 'utf8')).toContain(`topic write ${TOPIC}/#\n`);
  });

  it('does not stop ingest when nothing tells whose its messages are: they become dead letters', async () => {
    expect(await publish(old, `${TOPIC}/telemetry`, '{"t": 300}')).toBe('acknowledged');
    expect(await publish(old, telemetryTopic('acme', 'sensor-1'), '{"t": 301}')).toBe('acknowledged');
    await rig.admin.query('revoke select on ingest.former_topics from mqtt_ingest');
    const { log, lines } = keepLog();
    const result = await runOnce(settings(), log, never);
    await rig.admin.query('grant select on ingest.former_topics to mqtt_ingest');
    expect(result).toMatchObject({ outcome: 'idle', received: 2, stored: 1, rejected: 1 });
    expect(lines.filter(({ msg }) => String(msg).startsWith('former topics not read, what comes'))).toHaveLength(1);
    const letter = (await letters()).at(-1);
    expect(letter).toMatchObject({ topic: `${TOPIC}/telemetry`, reason: 'bad-topic', tenant: null });
    expect(await redrive(rig.admin, letter.id)).toEqual({ outcome: 'stored' });
    expect((await stored()).slice(-2)).toEqual(['acme.sensor-1 300', 'acme.sensor-1 301']);
  });

  it('is deleted: what waits becomes a dead letter of its tenant', async () => {
    expect(await publish(old, `${TOPIC}/telemetry`, '{"t": 400}')).toBe('acknowledged');
    await deleteDevice(rig.admin, sensor);
    expect(await run()).toMatchObject({ outcome: 'idle', received: 1, rejected: 1 });
    expect((await letters()).at(-1)).toMatchObject({ reason: 'unknown-device', tenant: 'acme' });
  });
});
