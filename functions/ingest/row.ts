// A reading on its way into the table, and what makes it the same as another.
import { contentHash, contentId, deliveredId, type StampedMessage, stampedId } from '../../domain/message-identity.ts';
import type { Envelope, Reading } from '../../domain/messages.ts';
import { cameAt, type Delivery } from '../broker/index.ts';
import type { Route } from './registry.ts';

/** A reading to be stored. */
export interface Row {
  delivery: Delivery;
  route: Route;
  /** Its JSON text. */
  payload: Buffer;
  /** Set when it is one of several of its message. */
  part: Reading | undefined;
  /** Microseconds since 1970: the device's time, or of receipt when it gave none. */
  ts: number;
  /** When it came, in milliseconds since 1970. */
  receivedAt: number;
  messageId: string;
  /** Set when neither the device nor the broker says which message it is: `ts` is then no part of its identity. */
  untimed: Untimed | undefined;
  /** Set when its stamp says which message it is. */
  stamped: Stamped | undefined;
}

/** How a message with neither timestamp nor stamp is recognised when it comes again. */
export interface Untimed {
  contentHash: string;
  /** The device gave no id either: only content and packet say which message it is. */
  byContent: boolean;
}

/** A message without a timestamp or an id of its own, as its stamp names it. */
export interface Stamped extends StampedMessage {
  /** The message's, not the reading's: it is the message that a device repeats. */
  content: string;
}

/** What was published: enough to read it again. */
export interface Sent {
  payload: Buffer;
  contentType: string | undefined;
  envelope: Envelope | undefined;
  /** Its place in the message it came in, from 0. */
  index: number;
}

/** The message as the device published it. */
export function sentAsWhole({ payload, properties }: Delivery): Sent {
  return { payload, contentType: properties?.contentType, envelope: properties, index: 0 };
}

/** One reading of several, as if it had been published alone: plain JSON, whatever the message was packed in. */
export function sentAsPart({ payload, envelope, index }: Pick<Reading, 'payload' | 'envelope' | 'index'>): Sent {
  return { payload, contentType: undefined, envelope, index };
}

/** How a row was published, should it become a dead letter. */
export const sentOf = ({ part, delivery }: Row): Sent =>
  part ? sentAsPart({ ...part, payload: part.source }) : sentAsWhole(delivery);

/** Characters. Only a topic below a former one can be longer. */
const MAX_TOPIC = 1024;

/**
 * The part of a topic that a dead letter keeps. A reading's identity is made of no more, so that a redriven letter has the
 * identity of the message it was.
 */
export const keptTopic = ({ topic }: Delivery) =>
  topic.length > MAX_TOPIC ? topic.slice(0, MAX_TOPIC).toWellFormed() : topic;

let hashed: { delivery: Delivery; content: string } | undefined;

/**
 * The content of a whole message, which its stamp stands beside. Remembered until the next message's: an array's thousand readings,
 * or dead letters, must not hash it a thousand times.
 */
export function messageContent(delivery: Delivery): string {
  if (hashed?.delivery !== delivery) hashed = { delivery, content: contentHash(keptTopic(delivery), delivery.payload) };
  return hashed.content;
}

/** Deliveries without a packet identifier are told apart by numbers above all identifiers. */
const ABOVE_PACKETS = 65_536;

/**
 * Gives a reading its identity: docs/decisions/0023-identity-from-the-stamp.md.
 * @param place of its message in the batch: of two equal messages in one millisecond, each has its own.
 */
export function makeRow(delivery: Delivery, route: Route, reading: Reading, place: number): Row {
  const { payload, ts, id, offset, index } = reading;
  const receivedAt = cameAt(delivery);
  const row: Row = {
    delivery,
    route,
    payload,
    part: reading.isPart ? reading : undefined,
    ts: ts ?? receivedAt * 1000 + offset,
    receivedAt,
    messageId: '',
    untimed: undefined,
    stamped: undefined,
  };
  const { stamp } = delivery;
  if (ts === undefined && id === undefined && typeof stamp === 'object') {
    const content = stamp.first?.content ?? messageContent(delivery);
    row.stamped = { boot: stamp.boot, counter: stamp.counter, content };
    row.messageId = stampedId(stamp, content, (stamp.first?.index ?? 0) + index);
    return row;
  }
  const content = contentHash(keptTopic(delivery), payload);
  const number = delivery.packetId || ABOVE_PACKETS + place;
  const isNameless = ts === undefined && id === undefined;
  row.messageId = isNameless ? deliveredId(content, receivedAt, number, index) : contentId(content, id);
  if (ts === undefined) row.untimed = { contentHash: content, byContent: id === undefined };
  return row;
}

/** What makes two messages the same. A device's id holds no control character, so the line breaks part it safely. */
export function keyOf({ route, messageId, ts, untimed }: Row): string {
  return `${route.deviceId}\n${untimed ? '' : ts}\n${messageId}`;
}
