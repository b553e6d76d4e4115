// When the broker may read its files again (decision 0006), with a real broker: what was promised to a restored session is
// not lost, and no other way to reload is faster than the rule.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { telemetryTopic } from '../../../../domain/topics.ts';
import { startChild, stopChild } from '../../../../lab/child.ts';
import { postgresOfFile } from '../../../../tests/support/postgres-of-file.ts';
import { addDevice, upsertServiceAccount } from '../../../database/registry.ts';
import { databaseOn } from '../../../database/testing/database.ts';
import { type AgentLab, startAgentLab } from '../testing/agent.ts';

const SESSION = { clean: false, properties: { sessionExpiryInterval: 3600 } };
const WAITS = 75;

const postgres = postgresOfFile();
let rig: AgentLab;
beforeEach(async () => {
  rig = await startAgentLab({ on: await databaseOn(postgres()) });
});
afterEach(() => rig?.stop());

/** Leaves a session with a subscription on the broker and ends the connection. */
async function leaveSession(username = 'svc-ingest'): Promise<void> {
  const ingest = await rig.connect(username, rig.serviceKey, { clientId: 'mqtt-ingest-dev', ...SESSION });
  await ingest.subscribeAsync('tenants/+/devices/+/telemetry', { qos: 1 });
  await ingest.endAsync();
}

async function restart(): Promise<void> {
  await rig.broker.stop();
  await rig.startBroker();
}

/** What the ingest session receives after its return. */
async function collect(): Promise<{ received: string[]; client: MqttClient }> {
  const received: string[] = [];
  const client = await rig.connect('svc-ingest', rig.serviceKey, { clientId: 'mqtt-ingest-dev', ...SESSION });
  client.on('message', (_, payload) => received.push(payload.toString()));
  return { received, client };
}

describe('reload-broker', () => {
  it('reloads at once a broker without restored sessions, and another time not before the gap is over', async () => {
    expect(rig.reload()).toMatchObject({ status: 0, output: 'reload-broker: the broker reads its files again\n' });
    expect(rig.reload().status).toBe(0);
    await expect.poll(rig.reloads).toBe(2);
    const lines = spawnSync('grep', ['Reloading config', rig.broker.logFile], { encoding: 'utf8' }).stdout.trim();
    const [first, second] = lines.split('\n').map((line) => Date.parse(line.slice(0, 19)));
    // The log has whole seconds.
    expect(second! - first!).toBeGreaterThanOrEqual(1000);
  });

  it('waits after a restart until the ingest session is back, and loses nothing that was published meanwhile', async () => {
    const { key } = await addDevice(rig.admin, { tenant: 'acme', device: 'pump', createTenant: true });
    await leaveSession();
    await restart();
    expect(rig.reload()).toMatchObject({
      status: WAITS,
      output: "reload-broker: waits: ingest has not connected since the broker's start\n",
    });
    const pump = await rig.connect('acme.pump', key);
    await pump.publishAsync(telemetryTopic('acme', 'pump'), '{"n":1}', { qos: 1 });
    await pump.endAsync();
    expect(rig.reload().status).toBe(WAITS);
    expect(rig.reloads()).toBe(0);
    const { received, client } = await collect();
    await expect.poll(() => received).toEqual(['{"n":1}']);
    expect(rig.reload().status).toBe(0);
    await expect.poll(rig.reloads).toBe(1);
    await client.endAsync();
  });

  it('is not told by anybody else that ingest is back', async () => {
    await leaveSession();
    await restart();
    const lures = [
      // A tool that uses ingest's account, not its session.
      await rig.connect('svc-ingest', rig.serviceKey, { clientId: 'verify' }),
      await rig.connect('svc-control', rig.serviceKey, { clientId: "x (p5, c0, k60, u'svc-ingest').", ...SESSION }),
    ];
    expect(rig.reload().status).toBe(WAITS);
    for (const lure of lures) await lure.endAsync();
  });

  it('knows ingest by the name of any generation', async () => {
    await upsertServiceAccount(rig.admin, { username: 'svc-ingest-2', purpose: 'ingest', key: rig.serviceKey });
    await leaveSession();
    await restart();
    await leaveSession('svc-ingest-2');
    expect(rig.reload().status).toBe(0);
  });

  it('is done by its service as soon as it may, after it was put off', async () => {
    await leaveSession();
    await restart();
    expect(rig.reload().status).toBe(WAITS);
    rig.startAgent();
    await expect.poll(() => rig.metric('reload_waiting_seconds')).toBeGreaterThan(0);
    const { client } = await collect();
    await expect.poll(rig.reloads, { timeout: 10_000 }).toBe(1);
    await expect.poll(() => rig.metric('reload_waiting_seconds'), { timeout: 5000 }).toBe(0);
    await client.endAsync();
  });

  it('--now does not wait', async () => {
    await leaveSession();
    await restart();
    expect(rig.reload('--now').status).toBe(0);
    await expect.poll(rig.reloads).toBe(1);
  });

  it('has nothing to do while the broker does not run: it reads its files when it starts', async () => {
    await leaveSession();
    await rig.broker.stop();
    expect(rig.reload()).toMatchObject({ status: 0, output: expect.stringContaining('does not run') });
    await rig.startBroker();
    rig.startAgent();
    await expect.poll(() => rig.metric('up'), { timeout: 10_000 }).toBe(1);
    await leaveSession();
    expect(rig.reloads()).toBe(0);
  });

  it('does not signal a broker that is so young that the signal would end it', async () => {
    // A process with the broker's name that, like it, does not handle the signal at first.
    const young = startChild('bash', ['-c', 'printf mosquitto >/proc/$$/comm; sleep 60; exit'], { stdio: 'ignore' });
    writeFileSync(join(rig.dir, 'processes'), `${young.pid}\n`);
    try {
      await expect.poll(() => rig.reload().output, { timeout: 10_000 }).toContain('waits: the broker is starting');
      expect(young.exitCode ?? young.signalCode).toBeNull();
    } finally {
      await stopChild(young);
    }
  });

  it('takes a broken note of its own for no note', () => {
    mkdirSync(join(rig.dir, 'reloads'));
    writeFileSync(join(rig.dir, 'reloads/broker.json'), '{"pid": 1');
    rmSync(join(rig.accounts, 'state/mosquitto.db'), { force: true });
    expect(rig.reload().status).toBe(0);
  });

  // The wish lies in a folder that the agent writes, and root takes it away.
  it.each<[string, (wish: string) => void]>([
    ['a link', (wish) => symlinkSync(join(rig.dir, 'foreign'), wish)],
    ['a folder', (wish) => mkdirSync(join(wish, 'in it'), { recursive: true })],
    ['a FIFO', (wish) => spawnSync('mkfifo', [wish])],
  ])('takes %s for a wish, touches nothing else, and ends', async (_, plant) => {
    writeFileSync(join(rig.dir, 'foreign'), 'foreign');
    const wish = join(rig.dir, 'run/reload-wanted');
    plant(wish);
    expect(rig.reload('--waiting')).toMatchObject({ status: 0 });
    await expect.poll(rig.reloads).toBe(1);
    expect([existsSync(wish), readFileSync(join(rig.dir, 'foreign'), 'utf8')]).toEqual([false, 'foreign']);
  });

  it.runIf(process.getuid?.() === 0)('has a lock that no other user can hold (needs root)', () => {
    expect(rig.reload().status).toBe(0);
    const held = spawnSync('setpriv', [
      ...['--reuid=65534', '--regid=65534', '--clear-groups'],
      ...['flock', '--nonblock', join(rig.dir, 'reloads/lock'), 'true'],
    ]);
    expect(held.stderr.toString()).toContain('Permission denied');
    expect(statSync(join(rig.dir, 'reloads')).mode & 0o777).toBe(0o755);
  });
});
