// One tenant's devices flood from many addresses, whose rates at the firewall add up: the gate's rate for a tenant holds it back. What
// it was acknowledged for is still delivered, and the gate's counters say that it was cut off.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Device, Part, Stormed } from '../../../bench/support/flood-part.ts';
import { connectClient } from '../../../bench/support/mqtt-client.ts';
import { readPayload } from '../../../bench/support/publisher.ts';
import { drain } from '../../../bench/support/subscriber.ts';
import { REFUSALS_FILTER, refusalsTenant } from '../../../domain/refusals.ts';
import { removeTenant } from '../../../provisioning/database/registry.ts';
import { INGEST_PASSWORD } from '../environment.ts';
import { type Check, expect, type Machine } from '../machine.ts';
import {
  account,
  deliveries,
  LEAST_P99_MS,
  LOUD,
  MOST_SLOWER,
  PART,
  PHASE_MS,
  QUIET,
  register,
  untilLetIn,
} from './flood.ts';

const SOURCES = [1, 8, 32];
/** As many as there are addresses at most: each has a connection of its own. */
const DEVICES = 32;
/** The outsider's network, RFC 5737. */
const source = (number: number) => `203.0.113.${100 + number}`;

/** What the gate counts of the flooding tenant, as the tenant sees it. */
async function counters(machine: Machine): Promise<Record<string, number>> {
  const client = await connectClient(account(machine, 'svc-ingest', INGEST_PASSWORD));
  const told = new Promise<Record<string, number>>((resolve) => {
    client.onPacket((packet) => {
      if (packet.cmd === 'publish' && refusalsTenant(packet.topic) === LOUD)
        resolve(JSON.parse(packet.payload.toString()));
    });
    setTimeout(() => resolve({}), 3000);
  });
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: REFUSALS_FILTER, qos: 0 }] });
  const found = await told;
  await client.close();
  return found;
}

/** @returns what was seen, with what is wrong of it. */
async function flood(machine: Machine, sources: number, quiet: Device[], loud: Device[]): Promise<Seen> {
  const alone = await deliveries(machine, quiet);
  const devices = loud.map(({ account: login, ...device }, index) => ({
    ...device,
    account: { ...login, localAddress: source(index % sources) },
  }));
  const part: Part = { role: 'storm', devices, payloadBytes: 64, window: 2000 };
  const command = `(cat; sleep ${PHASE_MS / 1000 + 2}; echo end) | ${process.execPath} ${PART}`;
  const before = await counters(machine);
  const storm = machine.outsider(command, { input: `${JSON.stringify(part)}\n` });
  await sleep(1000);
  const came: Buffer[] = [];
  const { p99, lost } = await deliveries(machine, quiet, (payload) => came.push(payload));
  const { stdout } = await storm;
  const { numbers, ended } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Stormed;
  came.push(...(await drain(account(machine, 'svc-ingest', INGEST_PASSWORD))));
  const delivered = new Set(came.map((payload) => readPayload(payload).number));
  const dropped = numbers.filter((number) => !delivered.has(number)).length;
  const cut = ((await counters(machine)).rate ?? 0) - (before.rate ?? 0);
  const slower = p99 / Math.max(alone.p99, LEAST_P99_MS);
  const wrong = [
    numbers.length <= 1000 && 'there was no flood',
    lost > 0 && `${lost} messages of the others were lost`,
    dropped > 0 && `${dropped} messages of the flood were acknowledged and dropped`,
    slower > MOST_SLOWER && `the others waited ${slower.toFixed(1)} times as long`,
    sources > 1 && cut === 0 && 'nobody was cut off',
  ].filter((text) => text !== false);
  const shown = `${sources}: p99 ${alone.p99.toFixed(1)} ms quiet, ${p99.toFixed(1)} ms flooded, ${numbers.length} acknowledged, ${cut} times cut off, ${ended} connections ended`;
  return { shown: [shown, ...wrong].join(', '), isRight: wrong.length === 0 };
}

interface Seen {
  shown: string;
  isRight: boolean;
}

export const checks: Check[] = [
  {
    name: `a flood of one tenant from ${SOURCES.join(', ')} addresses: the others’ p99 stays within ${MOST_SLOWER} times its quiet value`,
    disturbs: true,
    run: async (machine) => {
      const addresses = Array.from({ length: Math.max(...SOURCES) }, (_, number) => source(number));
      for (const address of addresses) await machine.outsider(`ip addr add ${address}/24 dev eth0`);
      try {
        const quiet = await register(machine, QUIET);
        const loud = await register(machine, LOUD, DEVICES);
        await untilLetIn(loud.at(-1)!);
        const seen: Seen[] = [];
        for (const sources of SOURCES) {
          seen.push(await flood(machine, sources, quiet, loud));
          // The bans, and what the firewall lets an address send at once.
          await sleep(10_000);
        }
        const shown = seen.map((each) => each.shown).join('; ');
        expect(
          seen.every(({ isRight }) => isRight),
          shown,
        );
        return shown;
      } finally {
        for (const tenant of [QUIET, LOUD]) await removeTenant(machine.database.client, tenant);
        for (const address of addresses) await machine.outsider(`ip addr del ${address}/24 dev eth0`);
      }
    },
  },
];
