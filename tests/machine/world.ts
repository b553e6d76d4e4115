// The network around the machine: it, its administrator and an outsider, each in a namespace of its own, on one bridge
// with the services (DNS, ACME, the cloud's stand-ins), which run in the namespace that this process is in.
import { mkdirSync, writeFileSync } from 'node:fs';
import { must, type Shell, shellIn } from './process.ts';

/** Who has a namespace. */
export type Party = 'machine' | 'admin' | 'outsider';

/** Addresses from the documentation ranges (RFC 5737, RFC 3849). */
export const ADDRESSES = {
  services: { v4: '203.0.113.1', v6: '2001:db8:8883::1' },
  acme: { v4: '203.0.113.2', v6: '2001:db8:8883::2' },
  machine: { v4: '203.0.113.4', v6: '2001:db8:8883::4' },
  admin: { v4: '203.0.113.10', v6: '2001:db8:8883::10' },
  outsider: { v4: '203.0.113.66', v6: '2001:db8:8883::66' },
} as const;

/** The instance metadata service, and the fabric's own address: the same in every Azure region. */
export const METADATA_ADDRESS = '169.254.169.254';
export const FABRIC_ADDRESS = '168.63.129.16';

/** The broker's name in the test environment's domain. */
export const BROKER_HOST = 'mqtt.telemetry.example.test';

/** Where the registry's database listens. */
export const DATABASE_PORT = 5432;

const namespaceFile = (party: Party) => `/run/netns/${party}`;

/** A root shell in a party's namespace, with this host's programs and files. */
export const shellOf = (party: Party): Shell => shellIn('nsenter', `--net=${namespaceFile(party)}`);

/** Makes the namespaces. Everything is gone when this process' own namespaces are. */
export async function makeWorld(): Promise<void> {
  // A tmpfs of this process' own: two runs may use the same names.
  mkdirSync('/run/netns', { recursive: true });
  await must('mount', ['-t', 'tmpfs', 'none', '/run/netns']);
  await ip('link set lo up');
  await ip('link add world type bridge');
  await ip('link set world up');
  for (const { v4, v6 } of [ADDRESSES.services, ADDRESSES.acme]) {
    await ip(`addr add ${v4}/24 dev world`);
    await ip(`addr add ${v6}/64 dev world nodad`);
  }
  for (const address of [METADATA_ADDRESS, FABRIC_ADDRESS]) await ip(`addr add ${address}/32 dev world`);
  for (const party of ['machine', 'admin', 'outsider'] as const) await join(party);
}

async function join(party: Party): Promise<void> {
  const { v4, v6 } = ADDRESSES[party];
  await ip(`netns add ${party}`);
  await ip(`link add ${party} type veth peer name eth0 netns ${party}`);
  await ip(`link set ${party} up master world`);
  await ip(`-n ${party} link set lo up`);
  await ip(`-n ${party} link set eth0 up`);
  await ip(`-n ${party} addr add ${v4}/24 dev eth0`);
  await ip(`-n ${party} addr add ${v6}/64 dev eth0 nodad`);
  await ip(`-n ${party} route add default via ${ADDRESSES.services.v4}`);
}

/** Lets the parties' programs, which see this host's files, find names. */
export async function nameHosts(folder: string): Promise<void> {
  const { machine } = ADDRESSES;
  writeFileSync(
    `${folder}/hosts`,
    `127.0.0.1 localhost\n::1 localhost\n${machine.v4} ${BROKER_HOST}\n${machine.v6} ${BROKER_HOST}\n`,
  );
  await must('mount', ['--bind', `${folder}/hosts`, '/etc/hosts']);
}

const ip = (command: string) => must('ip', command.split(' '));
