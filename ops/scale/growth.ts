// What carries a load, what of it fills up first, and what comes then.
import { type Demand, demandOf, type Load } from './demand.ts';
import { BROKERS, DATABASES, HEADROOM, INGESTS, managedUsd, type Size } from './sizes.ts';

export const PARTS = { broker: BROKERS, ingest: INGESTS, database: DATABASES } satisfies Record<string, Size[]>;
export type Part = keyof typeof PARTS;

/** How full a size is. */
export interface Use {
  /** What is scarcest, such as "memory". */
  of: string;
  /** 1: all of it. */
  share: number;
}

/** A part of a platform that carries a load. */
export interface Carrier {
  part: Part;
  size: Size;
  use: Use;
  usd: number;
  /** Devices that send the same, up to which it is large enough. */
  enoughUntil: number;
  /** The next one that carries more. Undefined: none is known. */
  next: Size | undefined;
}

/** A platform that carries a load. */
export interface Platform {
  demand: Demand;
  carriers: Carrier[];
  usd: number;
  /** The one that is too small first. */
  bottleneck: Carrier;
  /** What a month of Event Grid and Event Hubs costs instead of the broker. */
  managedUsd: number;
}

/** The scarcest thing of a size. */
export function scarcestOf(size: Size, demand: Demand): Use {
  const [[of, share]] = Object.entries(size.shares(demand)).sort(([, a], [, b]) => b - a) as [[string, number]];
  return { of, share };
}

/** The same load with more devices, or fewer; pages of the dashboard grow with them. */
export const withDevices = (load: Load, devices: number): Load => ({
  ...load,
  devices,
  dashboards: (load.dashboards * devices) / Math.max(1, load.devices),
});

/** Devices up to which a size is large enough, to three digits. 0: not even for one. */
export function enoughUntil(size: Size, load: Load): number {
  const carries = (devices: number) => scarcestOf(size, demandOf(withDevices(load, devices))).share <= HEADROOM;
  let [low, high] = [0, 1];
  while (carries(high) && high < 1e12) [low, high] = [high, high * 2];
  while (high - low > Math.max(1, low / 1000)) {
    const middle = Math.floor((low + high) / 2);
    if (carries(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** @throws Error when nothing that is known carries it. */
export function carrierOf(part: Part, load: Load): Carrier {
  const demand = demandOf(load);
  const fitting = PARTS[part].find((size) => scarcestOf(size, demand).share <= HEADROOM);
  if (!fitting) throw new Error(`no ${part} that is known carries ${load.devices} devices`);
  return describe(part, fitting, load);
}

/** A part that is there already, large enough or not. */
export function describe(part: Part, size: Size, load: Load): Carrier {
  const demand = demandOf(load);
  const until = enoughUntil(size, load);
  const next = PARTS[part].find((other) => enoughUntil(other, load) > Math.max(until, load.devices));
  return { part, size, use: scarcestOf(size, demand), usd: size.usd(demand), enoughUntil: until, next };
}

/** The least sizes that carry it. */
export function platformFor(load: Load): Platform {
  const demand = demandOf(load);
  const carriers = (Object.keys(PARTS) as Part[]).map((part) => carrierOf(part, load));
  const [bottleneck] = carriers.toSorted((a, b) => a.enoughUntil - b.enoughUntil) as [Carrier];
  const usd = carriers.reduce((sum, carrier) => sum + carrier.usd, 0);
  return { demand, carriers, usd, bottleneck, managedUsd: managedUsd(demand) };
}
