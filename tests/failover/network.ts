// Machines and name servers in network namespaces, which find each other by real DNS: one server knows the zone, another one is asked by
// everybody and keeps each answer for as long as its TTL allows, as a resolver of the devices' network does.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stopChild } from '../../lab/child.ts';

/** Addresses on the drill's network. */
export const ADDRESSES = {
  primary: '10.77.0.11',
  standby: '10.77.0.12',
  zone: '10.77.0.53',
  resolver: '10.77.0.54',
} as const;

/** The broker machines. */
export type Role = 'primary' | 'standby';

/** Seconds: as components/broker-dns.ts and ops/failover/cloudflare.ts have it. */
const TTL = 60;

/** A drill's network. */
export interface Network {
  /** The address of each name. */
  names: Map<string, string>;
  /** Makes `names` what the zone's server answers; what resolvers keep stays until its TTL is over. */
  publish(): void;
  /** Takes a machine off the network, without a word to anybody, or back. */
  setLink(role: Role, state: 'down' | 'up'): void;
  stop(): Promise<void>;
}

/** A program in a namespace. */
export const inNamespace = (name: string, command: string[]): string[] => ['ip', 'netns', 'exec', name, ...command];

/** Makes it; once in this process's namespaces. @param dir for the servers' files. */
export async function makeNetwork(dir: string, names: Record<string, string>): Promise<Network> {
  mkdirSync(dir, { recursive: true });
  const hosts = join(dir, 'hosts');
  const resolvConf = join(dir, 'resolv.conf');
  writeFileSync(resolvConf, `nameserver ${ADDRESSES.resolver}\noptions timeout:1 attempts:1\n`);
  const machines = Object.entries(ADDRESSES).map((each) => each.join('='));
  execFileSync(join(import.meta.dirname, 'network.sh'), [resolvConf, ...machines], { stdio: 'inherit' });

  const known = new Map(Object.entries(names));
  const write = () => writeFileSync(hosts, [...known].map(([name, address]) => `${address} ${name}\n`).join(''));
  write();
  const zone = await startDns('zone', [`--addn-hosts=${hosts}`, `--local-ttl=${TTL}`, '--local=/example.test/']);
  const resolver = await startDns('resolver', [`--server=${ADDRESSES.zone}`, '--cache-size=1000']);
  return {
    names: known,
    publish: () => {
      write();
      // It reads its file again.
      zone.kill('SIGHUP');
    },
    setLink: (role, state) => void execFileSync('ip', ['link', 'set', `to-${role}`, state]),
    stop: async () => {
      await Promise.all([stopChild(zone), stopChild(resolver)]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function startDns(name: 'zone' | 'resolver', options: string[]): Promise<ChildProcess> {
  const usual = [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--pid-file=',
    '--no-resolv',
    '--no-hosts',
    '--user=root',
  ];
  const listening = [`--listen-address=${ADDRESSES[name]}`, '--bind-interfaces', '--log-facility=-'];
  const [program, ...args] = inNamespace(name, ['dnsmasq', ...usual, ...listening, ...options]);
  const child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const said = await Promise.race([once(child.stderr!, 'data'), once(child, 'exit')]);
  if (child.exitCode !== null) throw new Error(`dnsmasq ended: ${said}`);
  child.stderr!.resume();
  return child;
}
