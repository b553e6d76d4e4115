// A Docker engine of this test's own, on a host of its own: a network namespace with an outsider beside it.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { must, run } from '../machine/process.ts';

/** The host's name and address, and the outsider's. */
export const HOST = 'platform.example.test';
const HOST_ADDRESS = '203.0.113.4';
/** The outsider listens, for those who try to get out. */
export const OUTSIDER_ADDRESS = '203.0.113.66';
export const OUTSIDER_PORT = 8099;
/** Where the host's SSH is: a listener stands for it, which the scan must see. */
export const SSH_PORT = 2222;

const READY_MS = 60_000;

/** The engine, which can be ended in every way. */
export class Engine {
  readonly #folder: string;
  readonly #group: string;
  #child: ChildProcess | undefined;
  #boots = 0;

  /** @param folder for everything that it has. @param group its control group's name. */
  constructor(folder: string, group: string) {
    this.#folder = folder;
    this.#group = group;
  }

  /** Starts it, and waits until it answers. What is to run then runs. */
  async start(): Promise<void> {
    const socket = join(this.#folder, 'docker.sock');
    process.env.DOCKER_HOST = `unix://${socket}`;
    const run_ = `/run/docker-${this.#boots}`;
    const log = openSync(join(this.#folder, 'dockerd.log'), 'a');
    const places = ['--data-root', join(this.#folder, 'docker'), '--exec-root', run_, '--pidfile', `${run_}.pid`];
    const others = ['--host', process.env.DOCKER_HOST, '--cgroup-parent', `/${this.#group}`, '--log-level', 'warn'];
    this.#child = spawn('dockerd', [...places, ...others], { stdio: ['ignore', log, log] });
    closeSync(log);
    const deadline = Date.now() + READY_MS;
    while ((await run('docker', ['info'])).code !== 0) {
      if (Date.now() > deadline || this.#child.exitCode !== null)
        throw new Error(
          `dockerd does not answer: ${readFileSync(join(this.#folder, 'dockerd.log'), 'utf8').slice(-1000)}`,
        );
      await sleep(200);
    }
  }

  /** As `systemctl restart docker` does. */
  async restart(): Promise<void> {
    const child = this.#child!;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
    await this.start();
  }

  /** Power off and on: every process here but this one is killed at once, and what was in memory of the engine is gone. */
  async reboot(): Promise<void> {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
      try {
        process.kill(Number(name), 'SIGKILL');
      } catch {
        // It was faster.
      }
    }
    await sleep(500);
    // A kernel that starts has none of it: mounts, and networks whose containers are gone.
    const mounts = readFileSync('/proc/self/mounts', 'utf8').trimEnd().split('\n').reverse();
    for (const point of mounts.map((line) => line.split(' ')[1]!))
      if (point.startsWith(this.#folder) || point.startsWith('/run/docker')) await run('umount', ['--lazy', point]);
    for (const name of readdirSync('/sys/class/net'))
      if (/^(br-|docker)/.test(name)) await must('ip', ['link', 'del', name]);
    for (const table of ['filter', 'nat']) await must('iptables', ['-t', table, '-F']);
    this.#boots += 1;
    await this.start();
  }
}

/** Makes the host and the outsider. Everything is gone when this process' own namespaces are. */
export async function makeHost(folder: string): Promise<void> {
  const ip = (command: string) => must('ip', command.split(' '));
  await must('mount', ['-t', 'tmpfs', 'none', '/run']);
  mkdirSync('/run/netns');
  await ip('link set lo up');
  await ip('netns add outsider');
  await ip('link add world type veth peer name eth0 netns outsider');
  await ip(`addr add ${HOST_ADDRESS}/24 dev world`);
  await ip('link set world up');
  await ip('-n outsider link set lo up');
  await ip('-n outsider link set eth0 up');
  await ip(`-n outsider addr add ${OUTSIDER_ADDRESS}/24 dev eth0`);
  spawn('ip', ['netns', 'exec', 'outsider', 'python3', '-m', 'http.server', String(OUTSIDER_PORT)], {
    stdio: 'ignore',
  });
  // Names and a resolver of the host, which the containers inherit: there is none.
  writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost\n${HOST_ADDRESS} ${HOST}\n`);
  writeFileSync(join(folder, 'resolv.conf'), '');
  await must('mount', ['--bind', join(folder, 'hosts'), '/etc/hosts']);
  await must('mount', ['--bind', join(folder, 'resolv.conf'), '/etc/resolv.conf']);
}

/** TCP ports of the host that an outsider finds open, of all. */
export async function scan(): Promise<number[]> {
  const args = [
    'netns',
    'exec',
    'outsider',
    'nmap',
    '-n',
    '-Pn',
    '-p-',
    '-T5',
    '--min-rate=5000',
    '-oG',
    '-',
    HOST_ADDRESS,
  ];
  const text = await must('ip', args, { timeoutMs: 180_000 });
  return [...text.matchAll(/(\d+)\/open\/tcp/g)].map(([, port]) => Number(port));
}

/** Process ids of a container, first its own first one. */
export async function pidOf(service: string): Promise<number> {
  const filters = ['--filter', `label=com.docker.compose.service=${service}`, '--quiet'];
  const id = (await must('docker', ['ps', ...filters])).trim();
  return Number(await must('docker', ['inspect', '--format', '{{.State.Pid}}', id]));
}
