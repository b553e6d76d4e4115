// The agent with a real broker and a real database: what is in the registry is in force, and what is wrong stays out.
import { execFile } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { hashKey } from '../../../../domain/credentials.ts';
import { stopChild } from '../../../../lab/child.ts';
import { startPostgres } from '../../../../lab/postgres.ts';
import { postgresOfFile } from '../../../../tests/support/postgres-of-file.ts';
import { renderRegistry } from '../../../broker/registry.ts';
import { connect } from '../../../database/connect.ts';
import { addDevice, readRegistry, rotateDevice, setDeviceEnabled } from '../../../database/registry.ts';
import { databaseOn } from '../../../database/testing/database.ts';
import { type AgentLab, HAS_PSYCOPG2, modeOf, PYTHON, startAgentLab } from '../testing/agent.ts';
import { startAzure } from '../testing/azure-stand-in.ts';

const WITHIN = { timeout: 15_000, interval: 100 };

const postgres = postgresOfFile();
let rig: AgentLab;
beforeEach(async () => {
  rig = await startAgentLab({ on: await databaseOn(postgres()) });
});
afterEach(() => rig?.stop());

const pump = { tenant: 'acme', device: 'pump' };
const read = () => readFileSync(join(rig.accounts, 'registry'), 'utf8');
/** Resolves when the agent has looked at the registry again, from now on. */
async function anotherLook() {
  // The first that ends may have begun before.
  for (const _ of ['under way', 'whole']) {
    const last = rig.metric('read_timestamp_seconds')!;
    await expect.poll(() => rig.metric('read_timestamp_seconds'), WITHIN).toBeGreaterThan(last);
  }
}
/** Resolves when the broker lets this key in. */
const letsIn = (username: string, key: string) =>
  expect
    .poll(
      () =>
        rig.connect(username, key).then(
          (client) => client.endAsync(true).then(() => 'in'),
          (error: Error) => error.message,
        ),
      WITHIN,
    )
    .toBe('in');

describe.runIf(HAS_PSYCOPG2)('registry-sync (needs python3-psycopg2)', () => {
  it('brings an added, a rotated and a disabled device into force, and cuts the live connection', async () => {
    rig.startAgent();
    const { key } = await addDevice(rig.admin, { ...pump, createTenant: true });
    await letsIn('acme.pump', key);
    const rotated = await rotateDevice(rig.admin, pump);
    await letsIn('acme.pump', rotated.key);
    await expect(rig.connect('acme.pump', key)).rejects.toThrow(/Not authorized/);

    const live = await rig.connect('acme.pump', rotated.key);
    const service = await rig.connect('svc-control', rig.serviceKey);
    const cut = new Promise<void>((resolve) => live.once('close', () => resolve()));
    await setDeviceEnabled(rig.admin, pump, false);
    await cut;
    await expect(rig.connect('acme.pump', rotated.key)).rejects.toThrow(/Not authorized/);
    expect(service.connected).toBe(true);
    await service.endAsync(true);
  });

  it('writes what registry.ts renders, for its user and the broker only, and tells its size', async () => {
    await addDevice(rig.admin, { ...pump, createTenant: true });
    rig.startAgent();
    const expected = renderRegistry(await readRegistry(rig.admin));
    await expect.poll(read, WITHIN).toBe(expected);
    expect(modeOf(join(rig.accounts, 'registry'))).toBe('640');
    await expect.poll(() => rig.metric('accounts'), WITHIN).toBe(3);
    expect(rig.metric('file_bytes')).toBe(expected.length);
    expect(rig.metric('up')).toBe(1);
    expect(Date.now() / 1000 - rig.metric('read_timestamp_seconds')!).toBeLessThan(60);
  });

  it('tells when the Function App’s timers ran last, and those that are late are called with the vault’s key', async () => {
    const azure = await startAzure();
    onTestFinished(() => azure.stop());
    azure.secrets.set('timer-twin-key', 'the-key-of-this-test');
    rig.startAgent();
    const age = (name: string) => rig.metric(`timer_age_seconds{name="${name}"}`);
    // None ever ran: as late as can be.
    await expect.poll(() => age('every_minute'), WITHIN).toBeGreaterThan(1e9);
    await rig.admin.query("select ingest.begin_run('every_minute', 1000)");
    await rig.stopAgent();
    rig.startAgent();
    await expect.poll(() => age('every_minute'), WITHIN).toBeLessThan(60);
    expect(age('mqtt_ingest')).toBeGreaterThan(1e9);
    const program = `
import sys
sys.path.insert(0, sys.argv[1])
from mqtt_saas import call_timers
call_timers.AGES, call_timers.FOLDER, call_timers.KEY = sys.argv[2], sys.argv[3], sys.argv[3] + "/key"
told = {"vaultUri": sys.argv[4], "timers": {"url": sys.argv[4], "keySecret": "timer-twin-key"}}
for step in (call_timers.due, call_timers.prepare, call_timers.call): step(told)`;
    const words = ['-B', '-c', program, join(rig.dir, 'bundle/bin'), rig.metricsFile, rig.secrets, azure.url];
    const { stdout } = await promisify(execFile)(PYTHON, words, { env: { METADATA_ENDPOINT: azure.url } });
    expect(stdout).toMatch(/mqtt_ingest last ran \d+ minutes ago: timer late, called: answered 200\n$/);
    expect(azure.called).toEqual(['mqtt_ingest']);
    // A database from before this view: the accounts are none the worse for it.
    await rig.admin.query('drop view broker.heartbeats');
    await rig.stopAgent();
    rig.startAgent();
    await expect.poll(rig.said, WITHIN).toContain('when the timers ran last is not known');
    await expect.poll(() => rig.metric('up'), WITHIN).toBe(1);
    await addDevice(rig.admin, { ...pump, createTenant: true });
    await expect.poll(read, WITHIN).toContain('acme.pump');
  });

  it('writes once for many changes, and never signals the broker', async () => {
    rig.startAgent();
    await expect.poll(() => rig.metric('up'), WITHIN).toBe(1);
    const written = () => statSync(join(rig.accounts, 'registry')).ino;
    const first = written();
    await anotherLook();
    expect(written()).toBe(first);
    await rig.admin.query('begin');
    for (let n = 0; n < 50; n += 1) await addDevice(rig.admin, { tenant: 'acme', device: `d${n}`, createTenant: true });
    await rig.admin.query('commit');
    await expect.poll(() => rig.metric('accounts'), WITHIN).toBe(52);
    const second = written();
    await anotherLook();
    expect(written()).toBe(second);
    expect(rig.reloads()).toBe(0);
  });

  it('keeps the machine’s own account, and overwrites what others write', async () => {
    const own = `svc-probe ${await hashKey('probe')} read:probe/# write:probe/#\n`;
    writeFileSync(join(rig.secrets, 'local.account'), own, { mode: 0o644 });
    rig.startAgent();
    await expect.poll(read, WITHIN).toMatch(/\nsvc-ingest .*\nsvc-probe .* write:probe\/#\n$/);
    expect(read()).toContain(own);
    const whole = read();
    // What runs before each start of the broker leaves the file as it is.
    const settings = join(rig.secrets, 'settings.json');
    writeFileSync(settings, '{"secrets": {}}');
    expect(rig.script('seed-accounts.py', rig.secrets, settings, rig.accounts)).toMatchObject({ status: 0 });
    expect(read()).toBe(whole);
    writeFileSync(join(rig.accounts, 'registry'), 'intruder x\n');
    await expect.poll(read, WITHIN).toBe(whole);

    await rig.admin.query(
      "insert into broker.service_accounts (username, purpose, password_hash) values ('svc-probe', 'ingest', $1)",
      [await hashKey('x')],
    );
    await expect.poll(rig.said, WITHIN).toContain('user name svc-probe is the machine');
    expect(read()).toBe(whole);
  });

  it('refuses a registry without ingest, says so once, and goes on when it is whole again', async () => {
    rig.startAgent();
    await expect.poll(() => rig.metric('up'), WITHIN).toBe(1);
    const whole = read();
    const { rows } = await rig.admin.query("delete from broker.service_accounts where purpose = 'ingest' returning *");
    await expect.poll(() => rig.metric('refused'), WITHIN).toBe(1);
    await anotherLook();
    expect(read()).toBe(whole);
    expect(rig.said().split('it has no account for ingest')).toHaveLength(2);
    await rig.admin.query(
      'insert into broker.service_accounts (username, password_hash, purpose) values ($1, $2, $3)',
      [rows[0].username, rows[0].password_hash, rows[0].purpose],
    );
    const { key } = await addDevice(rig.admin, { ...pump, createTenant: true });
    await letsIn('acme.pump', key);
    expect(rig.metric('refused')).toBe(0);
  });

  it('lets no bad row near a file, even when the database has lost its own checks', async () => {
    rig.startAgent();
    const { key } = await addDevice(rig.admin, { ...pump, createTenant: true });
    await letsIn('acme.pump', key);
    const file = read();
    await rig.admin.query('alter table public.devices drop constraint devices_slug_check');
    await rig.admin.query(String.raw`update public.devices set slug = E'pump\nuser x\ntopic readwrite #'`);
    await expect.poll(rig.said, WITHIN).toContain('is not a slug');
    expect(read()).toBe(file);
    expect(rig.said()).not.toContain('$7$');
  });

  it('keeps the last good accounts while the database is away, says so once, and comes back', async () => {
    // A server of its own, to be killed.
    await rig.stop();
    rig = await startAgentLab();
    rig.startAgent();
    const { key } = await addDevice(rig.admin, { ...pump, createTenant: true });
    await letsIn('acme.pump', key);
    const { port, dataDir } = rig.postgres;
    await stopChild(rig.postgres.child, 'SIGKILL');
    await expect.poll(() => rig.metric('up'), WITHIN).toBe(0);
    await sleep(3000);
    expect(rig.said().split('the last good accounts stay in force')).toHaveLength(2);
    await letsIn('acme.pump', key);
    const again = await startPostgres({ dataDir, port, fsync: false });
    const admin = await connect(again.url);
    try {
      await expect.poll(() => rig.metric('up'), { timeout: 25_000, interval: 100 }).toBe(1);
      const rotated = await rotateDevice(admin, pump);
      await letsIn('acme.pump', rotated.key);
    } finally {
      await admin.end();
      await again.stop();
    }
  }, 60_000);
});
