// What a log may never show: keys, the connection string, and what devices sent.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { poison, refusePoison } from '../../tests/support/poison.ts';
import { ingestOnTimer } from './on-timer.ts';
import { runOnce } from './run.ts';

let rig: Lab;
beforeAll(async () => {
  rig = await startLab({ devices: 1, broker: MANY_SESSIONS });
  await refusePoison(rig.admin);
});
afterAll(() => rig.stop());

test('no payload and no secret reaches a log, whatever goes wrong', async () => {
  const device = rig.devices[0]!;
  const { log, text } = keepLog('debug');
  const run = async (overrides: Record<string, string> = {}) => {
    const settings = rig.settings('secrets', { INGEST_TIME_GUARD_MS: '2500', ...overrides });
    await runOnce(settings, log, never);
  };
  await run();
  const marker = randomUUID();
  await device.publish([`{"v":"${marker}"}`, `{"v":"${marker}"`, poison({ id: marker }), `{"ts":"${marker}"}`], {
    properties: { contentType: marker },
  });
  await run();
  expect(await rig.rows(device)).toHaveLength(1);
  expect(await rig.deadLetters(device)).toHaveLength(3);

  const brokerKey = `wrong-${marker}`;
  await run({ MQTT_BROKER_PASSWORD: brokerKey });
  const url = new URL(rig.env('x').EXTERNAL_DATABASE_CONNECTION_STRING!);
  const databaseKey = url.password;
  url.password = `wrong-${marker}`;
  await run({ EXTERNAL_DATABASE_CONNECTION_STRING: url.href });
  url.port = '1';
  await run({ EXTERNAL_DATABASE_CONNECTION_STRING: url.href });
  await rig.admin.query('revoke insert on public.telemetry from mqtt_ingest');
  await device.publish([`{"v":"${marker}-2"}`]);
  await run();
  await rig.admin.query('grant insert on public.telemetry to mqtt_ingest');

  expect(text()).toContain('Not authorized');
  expect(text()).toMatch(/(password|SASL) authentication failed/);
  expect(text()).toContain('ECONNREFUSED');
  expect(text()).toContain('permission denied');
  for (const secret of [marker, brokerKey, databaseKey, rig.serviceKey, 'postgres://']) {
    expect(text().includes(secret), 'a secret or a payload is in the log').toBe(false);
  }
});

test('a logger blanks members that are named like secrets, should one ever be logged', () => {
  const { log, text } = keepLog();
  log.info({ password: 'hunter2', settings: { ca: 'hunter2', broker: { password: 'hunter2' } }, payload: 'hunter2' });
  expect(text()).not.toContain('hunter2');
  expect(text()).toContain('[redacted]');
});

test("the timer's lines go through the invocation by their level, and a failed run fails the invocation", async () => {
  const lines: [level: string, line: Record<string, unknown>][] = [];
  const into = (level: string) => (line: string) => void lines.push([level, JSON.parse(line)]);
  const context = { info: into('info'), warn: into('warn'), error: into('error') };
  await ingestOnTimer(context, rig.env('timer'));
  expect(lines.map(([level, { msg }]) => [level, msg])).toEqual([
    ['warn', expect.stringContaining('knew no session')],
    ['info', 'mqtt_ingest run'],
  ]);
  const env = rig.env('timer', { MQTT_BROKER_PASSWORD: 'wrong', INGEST_TIME_GUARD_MS: '1000' });
  await expect(ingestOnTimer(context, env)).rejects.toThrow('mqtt_ingest ended as broker-unavailable');
  expect(lines.at(-1)).toMatchObject(['error', { outcome: 'broker-unavailable' }]);
});
