// Runs a program of this folder in mount, network, process and IPC namespaces of its own. Whatever it mounts, starts or
// names is gone when it ends, however it ends: the kernel cleans up, not we.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Control groups of a run begin so, followed by the id of the process that started it. */
const GROUP = 'mqtt-saas-machine-';

/** What the program inside hears. */
export interface Inside {
  /** Its control group's name. */
  group: string;
}

/** What the program inside says. */
export interface Up {
  /** The machine's first process, as the program inside numbers it. */
  leader: number;
}

/** The exit code of `file`, run inside with `input`. `onUp` hears of a machine that is up, and how to enter it. */
export async function runInside(file: string, input: object, onUp: (enter: string) => void): Promise<number> {
  const group = `${GROUP}${process.pid}`;
  removeStaleGroups();
  const program = fileURLToPath(new URL(file, import.meta.url));
  const unshare = ['unshare', '--mount', '--net', '--pid', '--ipc', '--fork', '--kill-child', '--mount-proc'];
  const argument = JSON.stringify({ ...input, group } satisfies Inside);
  const args = ['--pdeathsig=KILL', ...unshare, process.execPath, program, argument];
  const child = spawn('setpriv', args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  // The program inside is the first of its process namespace: killing it kills all others in there.
  const stop = () => child.kill('SIGKILL');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  child.on('message', ({ leader }: Up) => onUp(`nsenter -t ${firstInside(child)} -a nsenter -t ${leader} -a`));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('exit', (...ended) => resolve(ended)),
  );
  removeGroup(group);
  return signal ? 130 : (code ?? 1);
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
    if (name.startsWith(GROUP) && !alive.has(name.slice(GROUP.length))) removeGroup(name);
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
