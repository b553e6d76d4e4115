// Makes the broker save its state as save-state does on the machine (docs/durability.md): every five seconds, so seldom that saving takes
// at most a tenth of the time, and not where a save would not fit. What a killed broker loses is then the same here as there.
import { statfsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mosquitto } from '../lab/mosquitto.ts';

const EVERY_MS = 5_000;
const SHARE = 0.1;
/** Beside the next state, which Mosquitto writes next to the last one. */
const RESERVE_BYTES = 1024 * 1024;

/** Starts. @param broker the one that runs now. @param onTrouble called once when it cannot save, and once when it can again. */
export function keepSaving(broker: () => Mosquitto, onTrouble: (message: string) => void): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  let trouble: string | undefined;
  const tell = (now: string | undefined) => {
    if (now !== undefined && trouble === undefined) onTrouble(now);
    if (now === undefined && trouble !== undefined) onTrouble("the broker's state is saved again");
    trouble = now;
  };

  /** Milliseconds that it took. */
  const save = async (): Promise<number> => {
    const { child, stateBytes, stateDir, save: saveNow } = broker();
    // It is being started again.
    if (child.exitCode !== null || child.signalCode !== null) return 0;
    const { bavail, bsize } = statfsSync(stateDir);
    const needed = 2 * stateBytes() + RESERVE_BYTES;
    if (bavail * bsize < needed) {
      tell(
        `the broker's state is not saved: ${needed} bytes are needed in ${stateDir}, and ${bavail * bsize} are free. Make room`,
      );
      return 0;
    }
    const started = performance.now();
    try {
      await saveNow(signal);
      tell(undefined);
    } catch (error) {
      if (!signal.aborted && child.exitCode === null && child.signalCode === null) tell((error as Error).message);
    }
    return performance.now() - started;
  };

  const running = (async () => {
    let took = 0;
    while (!signal.aborted) {
      await sleep(Math.max(EVERY_MS, took * (1 / SHARE - 1)), undefined, { signal }).catch(() => {});
      if (!signal.aborted) took = await save();
    }
  })();
  return {
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}
