// Boots one crash image and looks whether it kept what was promised before its power was cut.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BootedMachine, type MachineArgs } from '../machine/boot.ts';
import { wholeRelease } from '../machine/checks/bundle.ts';
import { DATABASE_HOST } from '../machine/database.ts';
import { expect, type Machine } from '../machine/machine.ts';
import { logins, untilLetIn, untilRegistryIsInForce } from '../machine/mqtt.ts';
import type { Shell } from '../machine/process.ts';
import { setAddress } from '../machine/services.ts';
import { ADDRESSES } from '../machine/world.ts';
import type { DiskStore } from './disks.ts';
import type { Harm } from './harms.ts';
import type { Promised } from './scenes.ts';
import { drain } from './traffic.ts';

/** An image, and what must be true of it. */
export interface Image extends Promised {
  name: string;
  scene: string;
  /** Messages that were acknowledged so long ago that they must be there. */
  due: string[];
}

/** docs/durability.md: save-state's period, and a second for the save itself. */
export const LOSS_BOUND_MS = 6000;
/** For a unit that a boot starts and does not wait for. */
const PATIENCE_MS = 150_000;
/** Nobody has this address. */
const NOWHERE = '203.0.113.250';

/** @param harm done to the disks before the boot. */
export async function judge(
  image: Image,
  { live, args, store }: { live: Machine; args: MachineArgs; store: DiskStore },
  harm?: Harm,
): Promise<string> {
  const folder = join(args.folder, image.name);
  const disks = await store.open(image.name, join(folder, 'machine-1'));
  const group = `${args.group}/${image.name}`;
  const booted = new BootedMachine({ ...args, folder, group, disk: disks.data.device });
  const machine: Machine = { ...live, exec: booted.exec, power: booted };
  // Accounts that were let in are on the disk: the registry's database is not asked.
  const isAlone = image.logins.length > 0;
  let takeBack: (() => Promise<void> | void) | undefined;
  try {
    takeBack = await harm?.act(disks, image.releases.at(-1) ?? '');
    if (isAlone) await setAddress(DATABASE_HOST, NOWHERE);
    await booted.adopt();
    await booted.waitUntilBooted();
    if (harm?.needsPerson) {
      await untilPersonIsCalled(booted.exec);
      await takeBack?.();
      // What that person does then.
      await booted.exec('systemctl restart broker-apply-boot; systemctl start mosquitto', { timeoutMs: PATIENCE_MS });
    }
    const said = await untilApplied(booted.exec);
    const left = await drain(machine, PATIENCE_MS);
    const lost = image.due.filter((payload) => !left.has(payload)).length;
    expect(lost === 0, `${lost} of ${image.due.length} acknowledged messages are gone`);
    if (isAlone) for (const login of image.logins) await untilLetIn(machine, login);
    else await untilRegistryIsInForce(machine);
    await untilLetIn(machine, logins(machine).acme);
    const hash = await wholeRelease(machine);
    expect(
      image.releases.includes(hash),
      `in force is ${hash}, which nobody said; ${image.releases.join(' or ')} was\n${said}`,
    );
    expect(said.split('\n').includes(`IN FORCE: ${hash}`), `the boot does not say what is in force:\n${said}`);
    return `${hash.slice(0, 8)} in force, ${image.due.length} messages kept`;
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${await symptoms(booted.exec)}`);
  } finally {
    await takeBack?.();
    if (isAlone) await setAddress(DATABASE_HOST, ADDRESSES.services.v4);
    if (booted.leader) await booted.kill();
    await disks.close();
    await store.remove(image.name);
  }
}

/** What the boot's run of broker-apply said; waits until it has put something into force or nothing more comes. */
async function untilApplied(exec: Shell): Promise<string> {
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(1000)) {
    const { stdout: said } = await exec('journalctl -b -u broker-apply-boot -o cat --no-pager');
    if (/^IN FORCE: /m.test(said) || Date.now() > end) return said;
  }
}

/** In the journal, and in a figure. @throws Error after five minutes. */
async function untilPersonIsCalled(exec: Shell): Promise<void> {
  for (const end = Date.now() + 300_000; ; await sleep(1000)) {
    const { code } = await exec(
      'journalctl -b -u watch-broker -o cat | grep -q "A PERSON IS NEEDED" && ' +
        'grep -q "^mqtt_saas_watch_needs_person 1" /run/mqtt-saas-metrics/watch-broker/broker-watch.prom',
    );
    if (code === 0) return;
    if (Date.now() > end) throw new Error('no person was called within five minutes');
  }
}

async function symptoms(exec: Shell): Promise<string> {
  const { stdout } = await exec(
    'systemctl --failed --no-legend --plain; systemctl is-active mosquitto broker-apply-boot; readlink /opt/mqtt-saas/current; ' +
      'find /opt/mqtt-saas/current/ -type f -empty | wc -l; ' +
      'journalctl -b --no-pager -o cat -n 6 -u broker-apply-boot; journalctl -b --no-pager -o cat -n 6 -u mosquitto; ' +
      '[ -e /opt/mqtt-saas/first-boot-ended ] || { dpkg --audit; tail -n 40 /var/log/cloud-init-output.log; ' +
      'grep -E "WARNING|ERROR|Error" /var/log/cloud-init.log | tail -n 20; }',
  );
  return stdout;
}
