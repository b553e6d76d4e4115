// Publishes what the control loop has to: commands, desired states, and empty ones of devices that are deleted. Says what became of each.
import { COMMAND_CHANNEL, DESIRED_CHANNEL, devicePrefix } from '../../domain/topics.ts';
import { type Connection, NO_MATCHING_SUBSCRIBERS, nameReason } from '../broker/index.ts';

/** What is to be published, as `ingest.control_work` gives it. */
export interface Work {
  kind: 'clear' | 'desired' | 'command';
  tenant_id: string | null;
  device_id: string | null;
  command_id: string | null;
  version: number | null;
  /** Of a command: the device is known to acknowledge. */
  repeats: boolean;
  tenant_slug: string;
  device_slug: string;
  payload: string;
  /** Seconds until the command expires. */
  expires_in: number | null;
}

/** `handed`, `acknowledges`, `absent`, `unknown`, or why it is refused: see `ingest.control_done`. */
export type Done = Omit<Work, 'payload'> & { outcome: string };

/** Devices that are published to at once. Each gets one message after the other, so that commands keep their order. */
const LANES = 32;

/** What it publishes with. */
export interface PublishOptions {
  connection: Pick<Connection, 'publish' | 'ended'>;
  /** Seconds since the work was asked for. */
  elapsed: () => number;
  /** Aborted: nothing more is published, and what is under way is unknown. */
  signal: AbortSignal;
}

/** @returns what became of each, without those that were left for later. Never throws. */
export async function publishWork(work: readonly Work[], options: PublishOptions): Promise<Done[]> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  void options.connection.ended.then(() => over.abort());
  const queue = [...Map.groupBy(work, (one) => `${one.tenant_slug}/${one.device_slug}`).values()];
  const done: Done[] = [];
  const lane = async () => {
    for (let own = queue.shift(); own && !signal.aborted; own = queue.shift()) {
      for (const { payload, ...one } of own) {
        const outcome = await publishOne({ ...one, payload }, options, signal);
        if (outcome === undefined) continue;
        done.push({ ...one, outcome });
        // The next commands would find nobody either, or overtake this one.
        if (outcome === 'absent' || outcome === 'unknown') break;
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return done;
}

async function publishOne(work: Work, { connection, elapsed }: PublishOptions, signal: AbortSignal) {
  const prefix = devicePrefix(work.tenant_slug, work.device_slug);
  const isCommand = work.kind === 'command';
  const id = work.command_id ?? '';
  const publish = async (topic: string): Promise<number | string> => {
    // The broker drops what expires while it waits in a session.
    const expirySeconds = work.expires_in === null ? undefined : Math.floor(work.expires_in - elapsed());
    if (expirySeconds !== undefined && expirySeconds < 1) return 'expired';
    try {
      return await unlessAborted(
        connection.publish(topic, work.payload, {
          retain: !isCommand,
          contentType: 'application/json',
          ...(isCommand && { userProperties: { id } }),
          ...(expirySeconds !== undefined && { expirySeconds }),
        }),
        signal,
      );
    } catch (error) {
      // The connection's end is known a moment after what it has cost.
      await Promise.resolve();
      return signal.aborted ? 'unknown' : `It cannot be sent: ${(error as Error).message}.`;
    }
  };
  let answer = await publish(isCommand ? `${prefix}/${COMMAND_CHANNEL}/${id}` : `${prefix}/${DESIRED_CHANNEL}`);
  if (answer === 'expired') return undefined;
  const acknowledges = answer === 0;
  // A device that does not acknowledge subscribes to the topic without an id.
  if (isCommand && answer === NO_MATCHING_SUBSCRIBERS && !work.repeats)
    answer = await publish(`${prefix}/${COMMAND_CHANNEL}`);
  if (answer === 'expired') return undefined;
  if (typeof answer === 'string') return answer;
  if (answer >= 0x80) return `The broker refused it: ${nameReason(answer)}.`;
  if (!isCommand) return 'handed';
  if (answer === NO_MATCHING_SUBSCRIBERS) return 'absent';
  return acknowledges ? 'acknowledges' : 'handed';
}

/** @throws Error when the signal is aborted before. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(new Error('the broker did not answer in time'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  return Promise.race([promise, aborted.promise]).finally(() => signal.removeEventListener('abort', abort));
}
