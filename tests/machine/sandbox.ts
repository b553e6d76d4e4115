// Runs a program of this folder in mount, network, process and IPC namespaces of its own. Whatever it mounts, starts or
// names is gone when it ends, however it ends: the kernel cleans up, not we.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './report.ts';

/** Control groups of a run begin so, followed by the id of the process that started it. */
const GROUP = 'mqtt-saas-machine-';

/** What the program inside hears. */
export interface Inside {
  /** Its control group's name. */
  group: string;
}

/** What the program inside says: that the machine is up, and at the end what became of the checks. */
export interface News {
  /** The machine's first process, as the program inside numbers it. */
  leader?: number;
  outcomes?: Outcome[];
}

let started = 0;

/**
 * Runs `file` inside with `input` and gives what became of its checks. `onUp` hears how to enter the machine.
 * @throws Error when it ended without a result.
 */
export async function runInside(file: string, input: object, onUp: (enter: string) => void): Promise<Outcome[]> {
  removeStaleGroups();
  const group = `${GROUP}${process.pid}-${++started}`;
  const program = fileURLToPath(new URL(file, import.meta.url));
  const unshare = ['unshare', '--mount', '--net', '--pid', '--ipc', '--fork', '--kill-child', '--mount-proc'];
  const argument = JSON.stringify({ ...input, group } satisfies Inside);
  const args = ['--pdeathsig=KILL', ...unshare, process.execPath, program, argument];
  const child = spawn('setpriv', args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  // The program inside is the first of its process namespace: killing it kills all others in there.
  const stop = () => child.kill('SIGKILL');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  let result: Outcome[] | undefined;
  child.on('message', ({ leader, outcomes }: News) => {
    if (leader) onUp(`nsenter -t ${firstInside(child)} -a nsenter -t ${leader} -a`);
    result ??= outcomes;
  });
  await once(child, 'close');
  removeGroup(group);
  if (!result) throw new Error('the run was ended before its checks were');
  return result;
}

/** The program's number out here. */
function firstInside({ pid }: ChildProcess): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
}

/** Groups that a run left because even its first process was killed. */
function removeStaleGroups(): void {
  const list = withGroups('ls -d /sys/fs/cgroup/$0* 2>/dev/null', GROUP).trim().split('\n');
  const alive = new Set(readdirSync('/proc'));
  for (const path of list) {
    const name = path.split('/').at(-1) ?? '';
    if (name.startsWith(GROUP) && !alive.has(name.slice(GROUP.length).split('-')[0] ?? '')) removeGroup(name);
  }
}

/** The last processes in it may still be on their way out. */
const removeGroup = (name: string) =>
  withGroups(
    'for i in $(seq 50); do find /sys/fs/cgroup/$0 -depth -type d -exec rmdir {} + 2>/dev/null && break; sleep 0.1; done',
    name,
  );

/** With the version 2 hierarchy mounted where a host with the older ones has it elsewhere. */
function withGroups(script: string, argument: string): string {
  const command = `mount -t cgroup2 none /sys/fs/cgroup && { ${script}; }`;
  return spawnSync('unshare', ['-m', 'sh', '-c', command, argument], { encoding: 'utf8' }).stdout;
}
