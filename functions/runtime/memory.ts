// Keeps the process small: on the smallest machine ingest shares memory with the broker.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Makes V8 trade speed for less memory. Ingest's objects live as long as a batch, so a large young generation mostly delays work that is
 * due anyway: without its growth, draining 200,000 messages takes 0.43 of the memory. How much the old generation grows between collections
 * depends on what comes: see {@link fitHeapTo}. V8 reads these flags at each collection and decision to grow, so they work at run time. One
 * thread collects the young generation: on two cores that is 0.93 of the CPU time of several that wait for each other.
 * In the Function App the process is the app's own Node worker, which the host starts for nobody else. There it is 0.66 of the memory after
 * 1,500 gzips of 1,000 readings each.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  letHeapGrow(GROWTH.plain);
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--expose-gc');
  collect ??= runInNewContext('gc');
}

let collect: (() => void) | undefined;

/**
 * Percent of what is live by which the old generation grows between collections. Under messages that unpack to much, 60 is 0.9 of the memory
 * beside 100, and less than 60 saves nothing more; under others, 100 is 0.80 to 0.94 of the CPU time beside 60.
 */
const GROWTH = { plain: 100, large: 60 };
let growth = 0;
/** After this many bytes of messages, unpacked, in one batch the heap is kept smaller for some batches. */
const LARGE_BYTES = 1024 ** 2;
const LARGE_FOR = 100;
let largeFor = 0;

function letHeapGrow(percent: number): void {
  if (growth !== percent) setFlagsFromString(`--heap-growing-percent=${percent}`);
  growth = percent;
}

/** Before a batch is written whose messages have this many bytes, unpacked. Without {@link keepHeapSmall} it does nothing. */
export function fitHeapTo(bytes: number): void {
  if (!collect) return;
  largeFor = bytes > LARGE_BYTES ? LARGE_FOR : Math.max(0, largeFor - 1);
  letHeapGrow(largeFor > 0 ? GROWTH.large : GROWTH.plain);
}

/** Ingest holds less at once: what is beyond is mostly garbage. Under plain messages 24 MiB is 0.92 of the CPU time beside 12. */
const MOST_BUFFERS = { plain: 24 * 1024 ** 2, large: 12 * 1024 ** 2 };

/**
 * After a batch: collects garbage where there are many bytes of buffers, as there are after messages that unpack to much. Under such messages
 * that is 0.9 of the peak of the memory, at the same speed (medians of four drains with and four without, in turn). Without {@link keepHeapSmall}
 * it does nothing.
 */
export function freeBuffers(): void {
  if (process.memoryUsage().arrayBuffers > (largeFor > 0 ? MOST_BUFFERS.large : MOST_BUFFERS.plain)) collect?.();
}
