// The faults: what each breaks while readings are under way, and how it is put right.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopChild } from '../../lab/child.ts';
import { INGEST_BUNDLE } from '../../lab/ingest-worker.ts';
import type { SmallDisk } from './small-disk.ts';
import type { World } from './world.ts';

/** A fault. */
export interface Damage {
  name: string;
  /** Does the damage and repairs it. @param scale 1, or less for a shorter form. */
  strike(world: World, scale: number): Promise<void>;
  /** Publishing rests until the damage is done: what comes between a save and a kill is what the broker does not promise. */
  atRest?: true;
}

export const DAMAGES: Damage[] = [
  {
    name: 'ingest-kill',
    strike: async (world) => {
      await world.killWorkers();
      await world.replaceWorkers();
    },
  },
  {
    // The sharpest moment: a batch is held, sent, and not committed.
    name: 'ingest-kill-in-a-write',
    strike: async (world) => {
      await whileStalled(world, async () => {
        await sleep(world.chance.between(100, 400));
        await world.killWorkers();
      });
      await world.replaceWorkers();
    },
  },
  {
    name: 'database-kill',
    strike: async ({ rig }) => {
      await stopChild(rig.postgres.child, 'SIGKILL');
      await rig.restartPostgres();
    },
  },
  {
    name: 'database-immediate-shutdown',
    strike: async ({ rig }) => {
      // Postgres' immediate shutdown: backends are ended without a word, the next start recovers.
      await stopChild(rig.postgres.child, 'SIGQUIT');
      await rig.restartPostgres();
    },
  },
  {
    name: 'broker-kill-after-save',
    atRest: true,
    strike: async ({ rig }) => {
      await rig.broker.save();
      await rig.broker.kill();
      await rig.startBroker();
    },
  },
  {
    name: 'connection-resets',
    strike: async ({ links, chance }) => {
      for (let n = 0; n < 6; n++) {
        const link = chance.pick([links.broker, links.database]);
        link.cut();
        await sleep(chance.between(0, 150));
        link.restore();
        await sleep(chance.between(20, 200));
      }
    },
  },
  {
    name: 'database-stall',
    strike: (world, scale) => whileStalled(world, () => sleep(10_000 * scale)),
  },
  {
    name: 'two-workers-and-a-timer',
    strike: async (world) => {
      world.startWorker();
      const timer = spawn(process.execPath, [INGEST_BUNDLE, '--mode', 'run'], {
        env: { ...world.env(), INGEST_TIME_GUARD_MS: '10000' },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      timer.stdout.on('data', (data) => {
        said += data;
      });
      await once(timer, 'close');
      if (!said.includes('another run holds the lease')) throw new Error(`the timer's run did not step aside: ${said}`);
      // The holder goes; the worker that waited goes on.
      const [holder] = world.workers.splice(0, 1);
      await holder!.stop();
    },
  },
];

/** Does something while the database is stopped: it answers nobody, and no connection breaks. */
async function whileStalled({ rig }: World, work: () => Promise<void>): Promise<void> {
  const pids = familyOf(rig.postgres.child.pid!);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    await work();
  } finally {
    for (const pid of pids.reverse()) process.kill(pid, 'SIGCONT');
  }
}

/** A process and its children, parents first. */
function familyOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // Gone since the folder was read.
    }
  }
  const family = [pid];
  for (const one of family) for (const [child, parent] of parents) if (parent === one) family.push(child);
  return family;
}

/** Fills the database's disk until ingest notices. For a world whose database has a disk of its own. */
export function diskFull(disk: SmallDisk): Damage {
  return {
    name: 'disk-full',
    strike: async (world) => {
      const { rig, said } = world;
      const before = said.length;
      disk.fill(64 * 1024);
      const noticed = () => said.slice(before).some((line) => line.startsWith('batch not written'));
      for (let waited = 0; !noticed(); waited += 20) {
        if (waited > 30_000) throw new Error('the database never ran out of space');
        await sleep(20);
      }
      await sleep(500);
      disk.free();
      // Without space for its log Postgres gives up; its supervisor starts it again.
      await sleep(500);
      if (rig.postgres.child.exitCode !== null || rig.postgres.child.signalCode !== null) await rig.restartPostgres();
    },
  };
}
