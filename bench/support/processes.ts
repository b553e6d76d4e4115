// CPU time and memory of processes, from /proc.
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in /proc; the same on every Linux that Node runs on. */
const TICKS = 100;

/** Processor time of a process, seconds: user and system (proc_pid_stat(5), fields 14 and 15). 0 when it is gone. */
export function cpuSeconds(pid: number): number {
  const fields = statOf(pid);
  return fields ? (Number(fields[11]) + Number(fields[12])) / TICKS : 0;
}

/** Processor time of a process' main thread, milliseconds, to the nanosecond (Linux, Documentation/scheduler/sched-stats.rst). */
export function runMs(pid: number): number {
  return Number(read(pid, 'schedstat')?.split(' ')[0] ?? 0) / 1e6;
}

/** The same of a process and its children, with those that have ended and were waited for (fields 16 and 17). */
export function familyCpuSeconds(pid: number): number {
  const own = statOf(pid);
  if (!own) return 0;
  let seconds = cpuSeconds(pid) + (Number(own[13]) + Number(own[14])) / TICKS;
  for (const entry of readdirSync('/proc')) {
    if (/^\d+$/.test(entry) && Number(statOf(Number(entry))?.[1]) === pid) seconds += cpuSeconds(Number(entry));
  }
  return seconds;
}

/** Most memory a process has had resident, MiB; 0 when it is gone. */
export function peakMiB(pid: number): number {
  return statusMiB(pid, 'VmHWM');
}

/** Resident memory of a process, MiB. */
export function residentMiB(pid: number): number {
  return statusMiB(pid, 'VmRSS');
}

function statusMiB(pid: number, field: string): number {
  const [, kilobytes = 0] = read(pid, 'status')?.match(new RegExp(`^${field}:\\s+(\\d+)`, 'm')) ?? [];
  return Number(kilobytes) / 1024;
}

/** Fields from the third one on: the second is a name that may hold anything. */
function statOf(pid: number): string[] | undefined {
  const stat = read(pid, 'stat');
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

/** Processor time of all threads of a process that live, milliseconds, to the nanosecond. */
export function threadsMs(pid: number): number {
  let ms = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    ms += Number(read(pid, `task/${task}/schedstat`)?.split(' ')[0] ?? 0) / 1e6;
  }
  return ms;
}
