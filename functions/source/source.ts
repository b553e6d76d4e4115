// Where ingest's messages come from: a broker's session, a stream. Ingest takes deliveries and says what is committed; it knows no protocol.
import type { Logger } from '../runtime/log.ts';
import type { Delivery } from './delivery.ts';

/** An open source. It brings deliveries as they come; the drain makes batches of them. */
export interface Source {
  /** Names it in the database: tags and canaries of two sources are not comparable. */
  readonly name: string;
  /** Since when it can bring what waits, on `now`'s clock; undefined: it cannot at the moment. */
  readySince(): number | undefined;
  /** Why it cannot; undefined while it can, and before it first could not. */
  failure(): unknown;
  /** These are in the database, and need not come again. In any order: the source keeps the one that its protocol wants. */
  commit(deliveries: readonly Delivery[]): void;
  /** These could be written nowhere: they stay with the source, and hold up no others. */
  leave(deliveries: readonly Delivery[]): void;
  /** Brings nothing until `resume`, but for what is on its way. */
  pause(): void;
  resume(): void;
  /** Undefined: ingest sends no canary this way. */
  readonly canary?: CanaryWay | undefined;
  /** Brings nothing more. What is not committed comes again, to whoever opens the source next. */
  close(): Promise<void>;
}

/** How a message of ingest's own goes the way that every device's goes. */
export interface CanaryWay {
  /**
   * Sends one, which comes back as a delivery on `CANARY_TOPIC`.
   * @returns `taken`; `unheard`: taken, but nobody will get it; or why it was refused. Rejects when it cannot be sent.
   */
  send(payload: string): Promise<'taken' | 'unheard' | { refused: string }>;
  /** Called when one was taken and did not come: asks again for what the source may have forgotten. */
  renew(): void;
}

/** What a source gets when it is opened. */
export interface Opening {
  /** Takes each delivery. What ingest does not want any more it ignores: never committed, it stays with the source. */
  onDelivery: (delivery: Delivery) => void;
  /** Most messages that will be taken. Infinity: no bound. */
  cap: number;
  /** Milliseconds on a clock that nobody sets. */
  now: () => number;
  /** For `receivedAt`, in milliseconds since 1970. */
  receipt: () => number;
  log: Logger;
}

/** Opens a source, which begins to connect at once. No delivery comes before it has returned. */
export type OpenSource = (opening: Opening) => Source;
