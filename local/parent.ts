// Notices that the program which started this one has ended: a stop signal sent to npm alone never arrives here.
import { readFileSync } from 'node:fs';

const POLL_MS = 500;
/** Number of processes between npm and this program, at most: a shell and the bootstrap. */
const MOST_GENERATIONS = 4;

/** Calls `onGone` once, when the parent process, or npm above it, has ended. Never keeps the process alive. */
export function watchParents(onGone: () => void): void {
  const line = lineage();
  const timer = setInterval(() => {
    if (line.every(({ pid, parent }) => parentOf(pid) === parent)) return;
    clearInterval(timer);
    onGone();
  }, POLL_MS);
  timer.unref();
}

/**
 * This process and its ancestors up to the one below npm, each with its parent. Without npm, this process only: a shell that starts the
 * platform in the background may end.
 */
function lineage(): { pid: number; parent: number }[] {
  const line = [{ pid: process.pid, parent: process.ppid }];
  while (line.length < MOST_GENERATIONS) {
    const { parent } = line.at(-1)!;
    if (commandOf(parent).startsWith('npm')) return line;
    line.push({ pid: parent, parent: parentOf(parent) });
  }
  return line.slice(0, 1);
}

/** Field 4 of /proc/PID/stat, after the command name in brackets (proc_pid_stat(5)); 0 if there is none. */
function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
}

/** npm's process title is `npm start` and the like. */
const commandOf = (pid: number) => read(`/proc/${pid}/cmdline`);

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
