// What can be reached from outside: all ports of both protocols, on both families, from the admin and from anybody.
import { type Check, expect, type Machine } from '../machine.ts';
import type { Party } from '../world.ts';

/** On one bridge nothing is lost: no retransmission, and as fast as the two cores allow. */
const PACE = '-n -Pn -T5 --min-rate 50000 --max-retries 0 -p-';

const EXPECTED: Record<Exclude<Party, 'machine'>, string> = { admin: '22 8883', outsider: '8883' };

interface Scan {
  open: string;
  /** Ports that answered that nothing listens there: a firewall that drops lets no port say so. */
  closed: number;
}

/** Every port of a protocol, from a party. */
export async function scan(
  machine: Machine,
  party: 'admin' | 'outsider',
  kind: '-sS' | '-sU',
  family: 'v4' | 'v6',
): Promise<Scan> {
  const address = machine.addresses.machine[family];
  const command = `nmap ${kind} ${family === 'v6' ? '-6' : ''} ${PACE} -oG - ${address}`;
  const { code, stdout, stderr } = await machine[party](command, { timeoutMs: 120_000 });
  expect(code === 0 && stdout.includes('1 host up'), `nmap did not scan: ${stdout}${stderr}`);
  const states = [...stdout.matchAll(/(\d+)\/(\w+)\//g)];
  const open = states.filter(([, , state]) => state === 'open').map(([, port]) => port);
  // Rare states are listed one by one, the usual one as a number.
  const closed = states.filter(([, , state]) => state === 'closed').length;
  const ignored = /Ignored State: closed \((\d+)\)/.exec(stdout)?.[1] ?? 0;
  return { open: open.join(' '), closed: closed + Number(ignored) };
}

const checkTcp = (party: 'admin' | 'outsider', family: 'v4' | 'v6'): Check => ({
  name: `TCP ${family}: ${party === 'admin' ? 'the admin' : 'an outsider'} finds ${EXPECTED[party]} and silence`,
  run: async (machine) => {
    const { open, closed } = await scan(machine, party, '-sS', family);
    expect(open === EXPECTED[party] && closed === 0, `open: ${open || 'none'}; closed instead of silent: ${closed}`);
    return undefined;
  },
});

const checkUdp = (party: 'admin' | 'outsider', family: 'v4' | 'v6'): Check => ({
  name: `UDP ${family}: ${party === 'admin' ? 'the admin' : 'an outsider'} finds silence`,
  run: async (machine) => {
    const { open, closed } = await scan(machine, party, '-sU', family);
    expect(open === '' && closed === 0, `open: ${open || 'none'}; closed instead of silent: ${closed}`);
    return undefined;
  },
});

const PARTIES = ['admin', 'outsider'] as const;
const FAMILIES = ['v4', 'v6'] as const;

export const checks: Check[] = PARTIES.flatMap((party) =>
  FAMILIES.flatMap((family) => [checkTcp(party, family), checkUdp(party, family)]),
);
