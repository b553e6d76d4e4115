// Keeps a part of the platform running: one that ends by itself is started again, and the person is told.
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** A part that runs as a child process. */
export interface Part {
  child: ChildProcess;
  stop(): Promise<void>;
}

/** A part under supervision. */
export interface Supervised<P extends Part> {
  /** The part's current process. */
  readonly current: P;
  /** Lets it end by itself, and starts it again. */
  replace(): Promise<void>;
  /** Ends it permanently. */
  stop(): Promise<void>;
}

const RESTART_DELAY_MS = 1000;

/**
 * Starts a part and keeps it running until `stop`.
 * @param onTrouble called when the part ended unexpectedly, and if it could not be started again.
 * @throws what the first start throws.
 */
export async function supervise<P extends Part>(
  name: string,
  start: () => Promise<P>,
  onTrouble: (message: string) => void,
): Promise<Supervised<P>> {
  let current = await start();
  let stopping = false;
  let replacing = false;
  let restarting: Promise<void> = Promise.resolve();

  const watch = () => {
    const onExit = (code: number | null, signal: string | null) => {
      if (stopping || replacing) return;
      onTrouble(`${name} ended (${signal ?? `exit code ${code}`}); starting it again`);
      restarting = restart();
    };
    const { exitCode, signalCode } = current.child;
    if (exitCode !== null || signalCode !== null) onExit(exitCode, signalCode);
    else current.child.once('exit', onExit);
  };
  const restart = async () => {
    while (!stopping) {
      await sleep(RESTART_DELAY_MS);
      if (stopping) return;
      try {
        current = await start();
        if (stopping) await current.stop();
        else watch();
        return;
      } catch (error) {
        onTrouble(`${name} could not be started again: ${(error as Error).message}`);
      }
    }
  };
  watch();
  return {
    get current() {
      return current;
    },
    replace: async () => {
      await restarting;
      replacing = true;
      await current.stop();
      restarting = restart();
      await restarting;
      replacing = false;
    },
    stop: async () => {
      stopping = true;
      await restarting;
      await current.stop();
    },
  };
}
