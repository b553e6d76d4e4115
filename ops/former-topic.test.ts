import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunningPostgres } from '../lab/postgres.ts';
import { startScratchPostgres } from '../lab/scratch-postgres.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { addDevice } from '../provisioning/database/registry.ts';
import { runOps } from './testing/run.ts';

let postgres: RunningPostgres;
let folder: string;

beforeAll(async () => {
  postgres = await startScratchPostgres();
  folder = mkdtempSync(join(tmpdir(), 'mqtt-saas-former-'));
  await withConnection(postgres.url, async (client) => {
    for (const device of ['sensor-1', 'pump']) await addDevice(client, { tenant: 'acme', device, createTenant: true });
    await addDevice(client, { tenant: 'globex', device: 'sensor-1', createTenant: true });
    await client.query(`create schema before_adoption;
      create table before_adoption.telemetry (topic text);
      insert into before_adoption.telemetry values ('devices/PUMP/t'), ('devices/PUMP/t'), ('device/xyz/t'),
        ('devices/sensor_1/t'), (E'odd\\ntopic')`);
  });
});
afterAll(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

const formerTopic = (...args: string[]) => runOps(['device', 'former-topic', ...args], { DATABASE_URL: postgres.url });

it('add, list, and remove', async () => {
  expect(await formerTopic('add', 'acme', 'pump', 'devices/PUMP', '--until', '2099-03-31')).toMatchObject({
    code: 0,
    out: 'device acme.pump: may publish to devices/PUMP and below through 2099-03-31\n',
  });
  expect((await formerTopic('list', 'acme')).out).toMatch(
    /^devices\/PUMP +acme pump +through 2099-03-31\n1 former topic\n$/,
  );
  expect((await formerTopic('list', 'globex')).out).toBe('0 former topics\n');
  expect(await formerTopic('remove', 'devices/PUMP')).toMatchObject({ code: 0, out: 'devices/PUMP: ended\n' });
  expect((await formerTopic('list')).out).toMatch(/ended {3}20\d\d-\d\d-\d\d\n/);
  expect(await formerTopic('remove', 'devices/none')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no device keeps devices/none'),
  });
});

it('takes the last day from an adopted stack, and says what is missing', async () => {
  const plan = { phase: 1, reached: 1, publicUntil: '2098-01-01', gatewayUntil: '2098-12-31' };
  const rest = { names: {}, resources: {}, graceRules: [], left: {} };
  writeFileSync(join(folder, 'Pulumi.yaml'), 'name: mqtt-saas\nruntime: nodejs\n');
  const config = (value: object) => JSON.stringify({ config: value });
  writeFileSync(join(folder, 'Pulumi.prod.yaml'), config({ 'mqtt-saas:adoption': { ...plan, ...rest } }));
  writeFileSync(join(folder, 'Pulumi.dev.yaml'), config({}));
  const add = (...more: string[]) => formerTopic('add', 'acme', 'pump', 'device/abc', ...more, '--cwd', folder);
  expect((await add('--stack', 'prod')).out).toContain('through 2098-12-31');
  expect((await add('--stack', 'prod', '--until', '2098-06-30')).out).toContain('through 2098-06-30');
  expect((await add()).err).toContain('Give --until DATE, or --stack NAME of an adopted stack');
  expect((await add('--stack', 'dev')).err).toContain('is not adopted, so it has no gatewayUntil');
  expect(await add('--until', 'tomorrow')).toMatchObject({ code: 2, err: expect.stringContaining('Give a date') });
  expect((await add('--until', '2020-01-01')).err).toContain('2020-01-01 has passed');
});

it('suggests commands for an old table, and leaves to people what it cannot know', async () => {
  const { code, out } = await formerTopic('list', '--from-table', 'before_adoption.telemetry', '--until', '2099-03-31');
  expect(code).toBe(0);
  expect(out).toBe(`# Suggested by name only. Look at each line before you run it.
npm run ops -- device former-topic add acme pump devices/PUMP --until 2099-03-31  # 2 rows
# no device has this name: npm run ops -- device former-topic add TENANT DEVICE device/xyz --until 2099-03-31  # 1 rows
# acme sensor-1, or globex sensor-1? npm run ops -- device former-topic add TENANT DEVICE devices/sensor_1 --until 2099-03-31  # 1 rows
# "odd\\ntopic": not allowed as a former topic, its devices must change the topic  # 1 rows
`);
  expect(await formerTopic('list', '--from-table', 'no.such')).toMatchObject({
    code: 1,
    err: expect.stringContaining('relation "no.such" does not exist'),
  });
});
