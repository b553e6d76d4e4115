// The sizes that each part comes in, in the order of growth: what each carries, and what it costs a month.
import { VM_SIZES } from '../../components/vm-sizes.ts';
import { MEMORY_SHARE } from '../../provisioning/broker/queue.ts';
import { disk, PRICES, runsOf, STORED_PER_SECOND, USUAL } from '../cost/bill.ts';
import type { Demand } from './demand.ts';

/** How much of a size may be in use before it is time for the next one. */
export const HEADROOM = 0.7;

/** A size of a part. */
export interface Size {
  name: string;
  usd(demand: Demand): number;
  /** Which part of it a load takes, by what it takes it of: 1 is all of it. */
  shares(demand: Demand): Record<string, number>;
}

const GIB = 1024 ** 3;
const DAY_SECONDS = 86_400;

/**
 * Cores that a size has all day, once its credits are used up. Source: Microsoft's pages of the Bv1, Bsv2 and Basv2 series, "Base CPU
 * performance of VM" times its vCPUs.
 */
export const BASE_CORES: Record<string, number> = {
  Standard_B1s: 0.1,
  Standard_B2ts_v2: 0.4,
  Standard_B2ats_v2: 0.4,
  Standard_B2s: 0.4,
  Standard_B2ls_v2: 0.6,
  Standard_B2als_v2: 0.6,
  Standard_B2s_v2: 0.8,
  Standard_B2as_v2: 0.8,
};
/** Of the machine's memory: a full queue, and connections beside it. A Standard_B1s has 400 MiB for the broker (bench/clients.ts). */
const BROKER_MEMORY_SHARE = 0.4;
/** Mosquitto does its work in one thread. */
const BROKER_CORES = 1;
/** A machine of a cluster, and of a worker that has its own. Memory and base performance: Microsoft's page of the Basv2 series. */
const NODE = { name: 'Standard_B4as_v2', memoryGib: 16, cores: 1.6, diskGib: 1024 };
/** Each message is stored on three nodes. That one copy costs what it costs Mosquitto is an assumption, not measured. */
const COPIES = 3;
const MOST_NODES = 3000;
/** A run of ingest takes messages for so long in each minute (domain/ingest-run.ts, the time guard). */
const RUN_SECONDS = 45;
/** A worker has one thread for its work; the garbage collector has others. */
const WORKER_CORES = 1;

/** The largest value that brokerMaxConnections may have. */
const MOST_CONNECTIONS = 60_000;

/** A broker on one machine. @param connections its brokerMaxConnections. @throws Error for a size that is not allowed. */
export function machine(name: string, connections = MOST_CONNECTIONS): Size {
  const [size, base] = [VM_SIZES[name as keyof typeof VM_SIZES], BASE_CORES[name]];
  if (!size || base === undefined) throw new Error(`${name} is not a size of machine that the platform knows`);
  return {
    name,
    usd: () =>
      machineUsd(name) + disk('', 'StandardSSD_LRS', 32).usd + PRICES.addressPerHour.price * PRICES.hoursPerMonth,
    shares: ({ broker, connections: wanted }) => ({
      connections: wanted / connections,
      memory: broker.memoryBytes / (size.memoryGiB * GIB * BROKER_MEMORY_SHARE),
      queue: broker.queueBytes / (size.memoryGiB * GIB * MEMORY_SHARE),
      'processor time': broker.cores / Math.min(BROKER_CORES, base),
    }),
  };
}

const machineUsd = (name: string) => Number(PRICES.machinePerHour[name]) * PRICES.hoursPerMonth;

const cluster = (nodes: number): Size => ({
  name: `cluster of ${nodes} ${NODE.name}`,
  usd: ({ broker }) =>
    nodes *
    (machineUsd(NODE.name) +
      disk('', 'Premium_LRS', Math.max(32, (broker.queueBytes * COPIES) / nodes / GIB / HEADROOM)).usd +
      PRICES.addressPerHour.price * PRICES.hoursPerMonth),
  shares: ({ broker }) => ({
    memory: (broker.memoryBytes - broker.queueBytes) / (nodes * NODE.memoryGib * GIB * BROKER_MEMORY_SHARE),
    queue: (broker.queueBytes * COPIES) / (nodes * NODE.diskGib * GIB),
    'processor time': (broker.cores * COPIES) / (nodes * NODE.cores),
  }),
});

export const BROKERS: Size[] = [
  ...['Standard_B1s', 'Standard_B2als_v2', 'Standard_B2as_v2'].map((name) => machine(name)),
  ...Array.from({ length: MOST_NODES }, (_, n) => cluster(n + 3)),
];

export const TIMER: Size = {
  name: 'the timer',
  usd: ({ messagesPerSecond }) => runsOf(0.5, { ...USUAL, messagesPerSecond }, 0).usd,
  shares: ({ messagesPerSecond }) => ({
    time: (USUAL.runSeconds + (messagesPerSecond * 60) / STORED_PER_SECOND) / RUN_SECONDS,
  }),
};

/** @param cores that one of them has. */
const workers = (name: string, machineName: string, cores: number, count = 1): Size => ({
  name,
  // The timer stays: it finds the lease taken, and the other jobs run there.
  usd: () => runsOf(0.5, { ...USUAL, messagesPerSecond: 0, runSeconds: 1 }, 0).usd + count * machineUsd(machineName),
  shares: ({ ingest }) => ({ 'processor time': ingest.cores / (count * cores) }),
});

/** On a machine of somebody's own, or beside other parts. */
export const WORKER = workers('a worker', NODE.name, WORKER_CORES);

const SMALL = 'Standard_B2als_v2';

export const INGESTS: Size[] = [
  TIMER,
  workers(`a worker on ${SMALL}`, SMALL, BASE_CORES[SMALL]!),
  workers(`a worker on ${NODE.name}`, NODE.name, WORKER_CORES),
  ...Array.from({ length: 200 }, (_, n) => workers(`${n + 2} workers by partition`, NODE.name, WORKER_CORES, n + 2)),
];

/** A size of Supabase's: cores, recommended size of the database in GB, and MB/s of its disk. */
type Compute = [name: string, cores: number, databaseGb: number, diskMb: number];

/**
 * Source: supabase.com/docs/guides/platform/compute-and-disk. Up to Medium the two cores are shared; the figures of their disks are those of
 * AWS' t4g, whose base performance is 5, 10, 20 and 20 % of a core: taken from there. A disk writes 125 MB/s before more is bought.
 */
const FREE: Compute = ['Supabase Free', 0.1, PRICES.supabase.free.databaseMb / 1000, 43 / 8];
const COMPUTES: Compute[] = [
  ['Micro', 0.2, 10, 87 / 8],
  ['Small', 0.4, 50, 174 / 8],
  ['Medium', 0.4, 100, 347 / 8],
  ['Large', 2, 200, 630 / 8],
  ['XL', 4, 500, 125],
  ['2XL', 8, 1000, 125],
  ['4XL', 16, 2000, 125],
  ['8XL', 32, 4000, 125],
  ['12XL', 48, 6000, 125],
  ['16XL', 64, 10_000, 125],
];

const database = ([name, cores, databaseGb, diskMb]: Compute, usd: Size['usd'], count = 1): Size => ({
  name,
  usd,
  shares: ({ database }) => ({
    size: database.bytes / (count * databaseGb * 1e9),
    'processor time': database.cores / (count * cores),
    'written bytes': database.writtenPerSecond / (count * diskMb * 1e6),
  }),
});

function pro([name, ...rest]: Compute, count: number): Size {
  const { pro, computePerMonth, computeCredit, perGbMore } = PRICES.supabase;
  const title = count === 1 ? `Supabase ${name}` : `${count} databases, Supabase ${name} each`;
  const usd: Size['usd'] = ({ database }) => {
    const gb = database.bytes / 1e9 / HEADROOM;
    return (
      pro.price +
      count * computePerMonth[name]! -
      computeCredit +
      Math.max(0, gb - (count * pro.databaseMb) / 1000) * perGbMore
    );
  };
  return database([title, ...rest], usd, count);
}

const [LARGEST] = COMPUTES.slice(-1) as [Compute];

export const DATABASES: Size[] = [
  database(FREE, () => 0),
  ...COMPUTES.map((compute) => pro(compute, 1)),
  ...Array.from({ length: 500 }, (_, n) => pro(LARGEST, n + 2)),
];

/** Units that Event Grid and Event Hubs need, and what they cost: instead of a broker of one's own. */
export function managedUsd({ connections, messagesPerSecond, broker }: Demand): number {
  const { eventGrid, eventHubs, hoursPerMonth } = PRICES;
  const millions = (messagesPerSecond * DAY_SECONDS * hoursPerMonth) / 24 / 1e6;
  const perSecond = Math.max(messagesPerSecond / 1000, broker.bytesPerSecond / 1e6) / HEADROOM;
  const gridUnits = Math.max(1, Math.ceil(Math.max(perSecond, connections / 10_000 / HEADROOM)));
  const hubUnits = Math.max(1, Math.ceil(perSecond));
  return (
    (gridUnits * eventGrid.perUnitHour + hubUnits * eventHubs.perUnitHour) * hoursPerMonth +
    Math.max(0, millions - eventGrid.freeMqtt / 1e6) * eventGrid.perMillionMqtt +
    millions * eventHubs.perMillionEvents
  );
}
