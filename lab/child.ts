// Starts a program that cannot outlive this process: not after Ctrl-C, not after a crash, not after `kill -9`.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

/** How a child is started. */
export interface ChildOptions extends Pick<SpawnOptions, 'cwd' | 'env' | 'stdio'> {
  /** Signal the kernel sends the child when this process is gone. Default: SIGTERM. */
  onParentDeath?: 'TERM' | 'INT' | 'KILL';
  /** Run as this unprivileged user; only root can. Default: the current user. */
  user?: { uid: number; gid: number };
}

/**
 * Spawns `command` under util-linux' setpriv: the kernel signals the child when its parent dies (PR_SET_PDEATHSIG, see
 * prctl(2)), and the child runs as `user`. The child is in a process group of its own, so that Ctrl-C on the terminal
 * reaches only this process, which then stops its children in order.
 */
export function startChild(command: string, args: string[], options: ChildOptions = {}): ChildProcess {
  const { onParentDeath = 'TERM', user, ...spawnOptions } = options;
  const privileges = user
    ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--no-new-privs']
    : ['--no-new-privs'];
  return spawn('setpriv', [`--pdeathsig=${onParentDeath}`, ...privileges, '--', command, ...args], {
    ...spawnOptions,
    detached: true,
  });
}

/**
 * Stops a child and waits until it is gone.
 * @param signal asked first. Default: SIGTERM.
 * @param patienceMs after which it is killed. Default: 10 s.
 */
export async function stopChild(
  child: ChildProcess,
  signal: NodeJS.Signals = 'SIGTERM',
  patienceMs = 10_000,
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  await gone;
  clearTimeout(timer);
}
