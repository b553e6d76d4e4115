// One party of the flood benchmark, in its own network namespace. The first line on standard input, which holds passwords,
// tells it what to be; the second ends it, and it prints what it saw as one line of JSON.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { telemetryTopic } from '../../domain/topics.ts';
import type { ClientOptions } from './mqtt-client.ts';
import { connectClient } from './mqtt-client.ts';
import { type Load, readPayload, startLoad } from './publisher.ts';
import { subscribeAll } from './subscriber.ts';

/** What a party is. */
export type Part =
  | { role: 'ingest'; account: ClientOptions; follow: string }
  | { role: 'publish'; devices: Device[]; rate?: number; payloadBytes: number; window: number }
  /** As fast as it can, and again as soon as it is cut off. */
  | { role: 'storm'; devices: Device[]; payloadBytes: number; window: number };

/** A device that publishes. */
export interface Device {
  tenant: string;
  device: string;
  account: ClientOptions;
}

/** What ingest saw of the tenant it follows: the age of each message at its delivery, milliseconds, by device and number. */
export interface Delivered {
  ages: Record<string, number>;
  /** Messages of everybody. */
  total: number;
}

/** What a publishing party was acknowledged for: `device number`. */
export interface Published {
  acknowledged: string[];
  total: number;
}

/** What a storm was acknowledged for: numbers, of which each device has a million of its own. */
export interface Stormed {
  numbers: number[];
  /** Connections that were ended, or refused. */
  ended: number;
}

/** Between two attempts to connect, as firmware waits. */
const AGAIN_MS = 1000;

const input = createInterface(process.stdin);
const part = JSON.parse((await once(input, 'line'))[0]) as Part;
if (part.role === 'ingest') {
  const ages: Record<string, number> = {};
  let total = 0;
  await subscribeAll(part.account, (payload, topic) => {
    total += 1;
    const [, tenant, , device] = topic.split('/');
    if (tenant !== part.follow) return;
    const { number, ageMs } = readPayload(payload);
    ages[`${device} ${number}`] ??= ageMs;
  });
  console.log('ready');
  await once(input, 'line');
  report({ ages, total } satisfies Delivered);
} else if (part.role === 'storm') {
  const { payloadBytes, window } = part;
  const loads: Load[] = [];
  let isOver = false;
  let ended = 0;
  for (const [index, { tenant, device, account }] of part.devices.entries()) {
    void (async () => {
      for (let first = (index + 1) * 1_000_000; !isOver; ended += 1) {
        const client = await connectClient(account).catch(() => undefined);
        if (client) {
          const load = startLoad(client, { topic: telemetryTopic(tenant, device), payloadBytes, window, first });
          loads.push(load);
          await client.closed;
          first += load.sent();
        }
        await sleep(AGAIN_MS);
      }
    })();
  }
  console.log('ready');
  await once(input, 'line');
  isOver = true;
  report({ numbers: loads.flatMap(({ acknowledged }) => acknowledged), ended } satisfies Stormed);
} else {
  const { payloadBytes, window, rate } = part;
  const stop = new AbortController();
  const loads: { device: string; load: Load }[] = [];
  await Promise.all(
    part.devices.map(async ({ tenant, device, account }) => {
      const client = await connectClient(account);
      const topic = telemetryTopic(tenant, device);
      const load = startLoad(client, { topic, payloadBytes, window, signal: stop.signal, ...(rate && { rate }) });
      loads.push({ device, load });
    }),
  );
  console.log('ready');
  await once(input, 'line');
  stop.abort();
  // A flood that is held back takes long to be acknowledged; only the quiet tenant is waited for.
  if (rate) await Promise.all(loads.map(({ load }) => load.done));
  const acknowledged = loads.flatMap(({ device, load }) => load.acknowledged.map((number) => `${device} ${number}`));
  report({ acknowledged: rate ? acknowledged : [], total: acknowledged.length } satisfies Published);
}

function report(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}
