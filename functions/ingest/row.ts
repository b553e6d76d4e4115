// A reading on its way into the table, and what makes it the same as another.
import { bucketedId, contentHash } from '../../domain/message-identity.ts';
import type { Envelope, Reading } from '../../domain/messages.ts';
import type { Delivery } from '../broker/index.ts';
import type { Route } from './registry.ts';

/** A reading to be stored. */
export interface Row {
  delivery: Delivery;
  route: Route;
  /** Its JSON text. */
  payload: Buffer;
  /** Set when it came in an array. */
  part: Reading | undefined;
  /** Microseconds since 1970: the device's time, or of receipt when it gave none. */
  ts: number;
  messageId: string;
  /** Set when the device gave no timestamp: `ts` is then no part of the message's identity. */
  untimed: Untimed | undefined;
}

/** How a message without a timestamp is recognised when it comes again. */
export interface Untimed {
  contentHash: string;
  /** The device gave no id either: only the content, the time of receipt and the packet say which message it is. */
  byContent: boolean;
}

/** What was published: enough to read it again. */
export interface Sent {
  payload: Buffer;
  contentType: string | undefined;
  envelope: Envelope | undefined;
}

/** The message as the device published it. */
export function sentAsWhole({ payload, properties }: Delivery): Sent {
  return { payload, contentType: properties?.contentType, envelope: properties };
}

/** One reading of an array, as if it had been published alone: plain JSON, whatever the array was packed in. */
export function sentAsPart({ payload, envelope }: Pick<Reading, 'payload' | 'envelope'>): Sent {
  return { payload, contentType: undefined, envelope };
}

/** How a row was published, should it become a dead letter. */
export const sentOf = ({ part, delivery }: Row): Sent => (part ? sentAsPart(part) : sentAsWhole(delivery));

/** Characters. Only a topic below a former one can be longer. */
const MAX_TOPIC = 1024;

/**
 * The part of a topic that a dead letter keeps. A reading's identity is made of no more, so that a redriven letter has the
 * identity of the message it was.
 */
export const keptTopic = ({ topic }: Delivery) =>
  topic.length > MAX_TOPIC ? topic.slice(0, MAX_TOPIC).toWellFormed() : topic;

/** Gives a reading its identity: docs/decisions/0003-message-identity.md. */
export function makeRow(delivery: Delivery, route: Route, reading: Reading): Row {
  const { payload, ts, id } = reading;
  const part = reading.isPart ? reading : undefined;
  if (ts !== undefined) {
    const messageId = id ?? contentHash(keptTopic(delivery), payload);
    return { delivery, route, payload, part, ts, messageId, untimed: undefined };
  }
  const content = contentHash(keptTopic(delivery), payload);
  const messageId = id ?? bucketedId(content, delivery.receivedAt);
  const untimed = { contentHash: content, byContent: id === undefined };
  return { delivery, route, payload, part, ts: delivery.receivedAt * 1000, messageId, untimed };
}

/** True for a message the broker sends again when nothing in it says which one it is: its packet does. */
export function isFoundByPacket({ untimed, delivery }: Row): boolean {
  return delivery.dup && untimed?.byContent === true;
}

/** What makes two messages the same. A device's id holds no control character, so the line breaks part it safely. */
export function keyOf({ route, messageId, ts, untimed }: Row): string {
  return `${route.deviceId}\n${untimed ? '' : ts}\n${messageId}`;
}
