// A reading on its way into the table, and what makes it the same as another.
import {
  contentHash,
  contentId,
  contentIdLength,
  deliveredId,
  type StampedMessage,
  stampedId,
} from '../../domain/message-identity.ts';
import type { Envelope, Reading } from '../../domain/messages.ts';
import { cameAt, type Delivery } from '../source/delivery.ts';
import type { Route } from './registry.ts';

/** A reading to be stored. */
export class Row {
  readonly delivery: Delivery;
  readonly route: Route;
  /** Undefined when its message is a plain reading, of which nothing was made. */
  readonly reading: Reading | undefined;
  /** Microseconds since 1970: the device's time, or of receipt when it gave none. */
  readonly ts: number;
  /** Set when neither the device nor the broker says which message it is: `ts` is then no part of its identity. */
  untimed: Untimed | undefined = undefined;
  /** Set when its stamp says which message it is. */
  stamped: Stamped | undefined = undefined;
  /** `messageId`, of one without a time of its own, and of one that was compared. */
  id: string | undefined = undefined;

  constructor(delivery: Delivery, route: Route, reading: Reading | undefined, ts: number) {
    this.delivery = delivery;
    this.route = route;
    this.reading = reading;
    this.ts = ts;
  }

  /** Its JSON text. */
  get payload(): Buffer {
    return this.reading ? this.reading.payload : this.delivery.payload;
  }

  /** Bytes of its JSON text. */
  get size(): number {
    return this.reading ? this.reading.payload.length : this.delivery.size;
  }

  /** Set when it is one of several of its message. */
  get part(): Reading | undefined {
    return this.reading?.isPart ? this.reading : undefined;
  }

  /** When it came, in milliseconds since 1970. */
  get receivedAt(): number {
    return cameAt(this.delivery);
  }

  /** With a time of its own, it is made whenever it is asked for: most need it once, and kept texts cost more. */
  get messageId(): string {
    return this.id ?? contentId(contentOf(this), this.reading?.id);
  }

  /** Keeps `messageId`: of thousands of readings of one time, each is compared with the first, which may be large. */
  keepId(): void {
    this.id = this.messageId;
  }

  /** Most characters of `messageId`. */
  get idLength(): number {
    return this.id?.length ?? contentIdLength(this.reading?.id);
  }

  /** Copies its JSON text. @returns how many bytes. */
  copyTo(out: Buffer, at: number): number {
    if (this.reading) return this.reading.payload.copy(out, at);
    const { bytes, from, to } = this.delivery;
    return bytes.copy(out, at, from, to);
  }
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
  if (hashed?.delivery !== delivery) {
    const { bytes, from, to } = delivery;
    hashed = { delivery, content: contentHash(keptTopic(delivery), bytes, from, to) };
  }
  return hashed.content;
}

/** Of the reading, which may be one of several. */
function contentOf({ delivery, reading }: Row): string {
  if (reading) return contentHash(keptTopic(delivery), reading.payload);
  const { bytes, from, to } = delivery;
  return contentHash(keptTopic(delivery), bytes, from, to);
}

/** Deliveries without a packet identifier are told apart by numbers above all identifiers. */
const ABOVE_PACKETS = 65_536;

/**
 * Gives a reading its identity: docs/decisions/0023-identity-from-the-stamp.md.
 * @param reading undefined: the message is a plain one. @param ts its own time in microseconds since 1970; undefined: it has none.
 * @param place of its message in the batch: of two equal messages in one millisecond, each has its own.
 */
export function makeRow(
  delivery: Delivery,
  route: Route,
  reading: Reading | undefined,
  ts: number | undefined,
  place: number,
): Row {
  if (ts !== undefined) return new Row(delivery, route, reading, ts);
  const receivedAt = cameAt(delivery);
  const { id, offset, index } = reading ?? PLAIN;
  const row = new Row(delivery, route, reading, receivedAt * 1000 + offset);
  const { stamp } = delivery;
  if (id === undefined && typeof stamp === 'object') {
    const content = stamp.first?.content ?? messageContent(delivery);
    row.stamped = { boot: stamp.boot, counter: stamp.counter, content };
    row.id = stampedId(stamp, content, (stamp.first?.index ?? 0) + index);
    return row;
  }
  const content = contentOf(row);
  const number = delivery.tag || ABOVE_PACKETS + place;
  row.id = id === undefined ? deliveredId(content, receivedAt, number, index) : contentId(content, id);
  row.untimed = { contentHash: content, byContent: id === undefined };
  return row;
}

const PLAIN = { id: undefined, offset: 0, index: 0 };

/** What makes two messages the same. A device's id holds no control character, so the line breaks part it safely. */
export function keyOf({ route, messageId, ts, untimed }: Row): string {
  return `${route.deviceId}\n${untimed ? '' : ts}\n${messageId}`;
}
