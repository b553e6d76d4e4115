// What is asked of the running project, in this order.
import { setTimeout as sleep } from 'node:timers/promises';
import { untilHealthy } from '../../ops/compose/health.ts';
import { SERVICE_NAMES } from '../../provisioning/compose/project.ts';
import { connect, withConnection } from '../../provisioning/database/connect.ts';
import { addDevice } from '../../provisioning/database/registry.ts';
import { run } from '../machine/process.ts';
import { Device } from './device.ts';
import { HOST, pidOf, SSH_PORT, scan } from './engine.ts';
import { hardened } from './hardened.ts';
import type { Rig } from './rig.ts';
import { cleaned, passedOn, rekeyed, restored, statusTold, updated } from './runbooks.ts';
import { asked, imported, linked } from './web.ts';

/** What a killed broker may lose: what came since its last save, which it makes every five seconds. docs/durability.md. */
const BOUND_MS = 6_000;

export const CHECKS: [group: string, name: string, check: (rig: Rig) => Promise<string | undefined>][] = [
  ['outside', 'an outsider finds the published ports and SSH, and no other', scanned],
  ['outside', 'verify passes, by TLS, as devices', verified],
  ['inside', 'every container is hardened, and no secret is in its environment, command or log', hardened],
  ['web', 'a link that nightly made gives the archived Parquet, and no other has it', linked],
  ['web', 'the largest import of devices gets through, a larger one is refused', imported],
  ['web', 'questions are off without a provider; with one the worker takes them and asks the API', asked],
  ['kills', 'each container killed: nothing acknowledged is lost beyond the bound', (rig) => survived(rig, killEach)],
  [
    'kills',
    'the broker killed with a queue, the worker away: nothing acknowledged is lost beyond the bound',
    (rig) => survived(rig, killQueue),
  ],
  [
    'kills',
    'the engine restarted: nothing acknowledged is lost',
    (rig) => survived(rig, ({ engine }) => engine.restart()),
  ],
  ['kills', 'power off and on: nothing acknowledged is lost beyond the bound', (rig) => survived(rig, powerCut)],
  ['runbooks', 'status tells that all is well, and what is not', statusTold],
  ['runbooks', 'a letter is passed on by the operator, and its link is in no log', passedOn],
  ['runbooks', 'removed keys are made again, and the containers use them', rekeyed],
  ['runbooks', 'clean-up takes what has no name, and nothing that runs or has one', cleaned],
  [
    'runbooks',
    'restore, each step made to fail once: the app runs afterwards, the data is old or new, never half',
    restored,
  ],
  ['runbooks', 'an update that is not healthy is taken back; a good one and a rollback hold', updated],
];

async function scanned(): Promise<string> {
  const open = await scan();
  const wanted = [80, 443, SSH_PORT, 8883];
  if (String(open) !== String(wanted)) throw new Error(`open: ${open.join(', ')}; wanted: ${wanted.join(', ')}`);
  return open.join(', ');
}

async function verified({ target }: Rig): Promise<string> {
  const { code, stdout, stderr } = await run(process.execPath, ['ops/verify/main.ts', '--target', target.name], {
    timeoutMs: 180_000,
  });
  if (code !== 0) throw new Error(`${stdout}${stderr}`.slice(-1500));
  return stdout.trim().split('\n').at(-1)!;
}

/** Publishes while `harm` is done, and counts. @returns what was lost, all of it within the bound. */
async function survived(rig: Rig, harm: (rig: Rig, harmed: (at: number) => void) => Promise<void>): Promise<string> {
  const { target } = rig;
  const name = { tenant: 'kills', device: `d-${Date.now()}` };
  const { key } = await withConnection(target.database(), (client) =>
    addDevice(client, { ...name, createTenant: true }),
  );
  const { ca, port } = target.broker();
  const device = new Device({ url: `mqtts://${HOST}:${port}`, ca: ca!, ...name, key });
  const harms: number[] = [];
  try {
    await untilAcknowledged(device, 20);
    await harm(rig, (at) => harms.push(at));
    await untilHealthy(SERVICE_NAMES);
    await untilAcknowledged(device, device.acknowledged.size + 20);
  } finally {
    await device.stop();
  }
  const missing = await device.missing(() => connect(target.database()));
  const excused = (id: string) => {
    const at = device.acknowledged.get(id)!;
    return harms.some((harmedAt) => at <= harmedAt + 200 && at > harmedAt - BOUND_MS);
  };
  const lost = missing.filter((id) => !excused(id));
  if (lost.length > 0) throw new Error(`${lost.length} of ${device.acknowledged.size} acknowledged readings are lost`);
  return `${device.acknowledged.size} acknowledged, 0 lost, ${missing.length} within the bound of a killed broker`;
}

async function untilAcknowledged(device: Device, count: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (device.acknowledged.size < count) {
    if (Date.now() > deadline)
      throw new Error(`the device gets no acknowledgement: ${device.acknowledged.size} of ${count}`);
    await sleep(100);
  }
}

async function killEach(_rig: Rig, harmed: (at: number) => void): Promise<void> {
  for (const service of SERVICE_NAMES) {
    const pid = await pidOf(service);
    if (service === 'broker') harmed(Date.now());
    process.kill(pid, 'SIGKILL');
    await sleep(1_000);
    await untilHealthy(SERVICE_NAMES);
  }
}

/** What it acknowledged waits in its queue only, and longer than the bound. */
async function killQueue({ target }: Rig, harmed: (at: number) => void): Promise<void> {
  target.project.compose(['stop', 'worker'], 'quiet');
  await sleep(3 * BOUND_MS);
  const pid = await pidOf('broker');
  harmed(Date.now());
  process.kill(pid, 'SIGKILL');
  target.project.compose(['start', 'worker'], 'quiet');
}

async function powerCut({ engine }: Rig, harmed: (at: number) => void): Promise<void> {
  harmed(Date.now());
  await engine.reboot();
}
