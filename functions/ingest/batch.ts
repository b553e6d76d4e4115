// Messages that will be written in one transaction: rows, dead letters, and what to acknowledge afterwards.
import { bucketedId, contentHash } from '../../domain/message-identity.ts';
import { isRejection, MAX_PAYLOAD_BYTES, type RejectionReason, readMessage } from '../../domain/messages.ts';
import type { Delivery } from './delivery.ts';
import type { Registry, Route } from './registry.ts';

/** A message to be stored. */
export interface Row {
  delivery: Delivery;
  route: Route;
  /** Microseconds since 1970: the device's time, or of receipt when it gave none. */
  ts: number;
  messageId: string;
  /** Set when the device gave no timestamp: `ts` is then no part of the message's identity. */
  untimed: Untimed | undefined;
}

/** How a message without a timestamp is recognised when it comes again. */
export interface Untimed {
  contentHash: string;
  /** The broker sends it again, and nothing in it says which message it is: look for its packet, too. */
  lookForPacket: boolean;
}

/** A message that becomes a dead letter. */
export interface DeadLetter {
  delivery: Delivery;
  tenant: string | undefined;
  tenantId: string | undefined;
  deviceId: string | undefined;
  messageId: string | undefined;
  reason: RejectionReason;
  detail: string;
}

/** Memory a held message takes beside its payload, in bytes; generous. */
const OVERHEAD_BYTES = 600;
const PACKET_IDS = 65_536;

/** Collects deliveries; decodes and sorts each as it comes, while the batch before it is being written. */
export class Batch {
  readonly rows: Row[] = [];
  readonly deadLetters: DeadLetter[] = [];
  /** Tenant slugs to numbers of messages that were seen before in this batch. */
  readonly repeats = new Map<string, number>();
  /** Payload bytes held, with overhead. */
  bytes = 0;
  received = 0;
  /** When the first message came, in milliseconds since 1970. */
  startedAt = 0;

  readonly #registry: Registry;
  readonly #acknowledgements: number[] = [];
  readonly #seen = new Map<string, Row>();
  readonly #seenPackets = new Set<string>();
  #unrouted: Delivery[] = [];

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  add(delivery: Delivery): void {
    if (this.received === 0) this.startedAt = delivery.receivedAt;
    this.received += 1;
    this.bytes += delivery.payload.length + OVERHEAD_BYTES;
    if (delivery.packetId !== 0) {
      this.#acknowledgements.push(delivery.connection * PACKET_IDS + delivery.packetId);
    }
    const route = this.#registry.find(delivery.topic);
    if (route) this.#place(delivery, route);
    else this.#unrouted.push(delivery);
  }

  /** Routes what the registry did not know when it came. @throws database errors; then nothing has changed. */
  async settle(): Promise<void> {
    if (this.#unrouted.length === 0) return;
    const waiting = this.#unrouted;
    const unroutable = await this.#registry.learn([...new Set(waiting.map(({ topic }) => topic))]);
    this.#unrouted = [];
    for (const delivery of waiting) {
      const route = this.#registry.find(delivery.topic);
      const refusal = unroutable.get(delivery.topic);
      if (refusal) {
        this.deadLetters.push({ delivery, deviceId: undefined, messageId: delivery.properties?.id, ...refusal });
      } else if (route) {
        this.#place(delivery, route);
      } else {
        // The registry's memory ended in between.
        this.#unrouted.push(delivery);
      }
    }
    await this.settle();
  }

  /** Packet identifiers to acknowledge on a connection, in the order they came (MQTT 5.0, 4.6). */
  acknowledgements(connection: number): number[] {
    const base = connection * PACKET_IDS;
    return this.#acknowledgements.filter((entry) => entry > base && entry < base + PACKET_IDS).map((e) => e - base);
  }

  #place(delivery: Delivery, route: Route): void {
    const result = delivery.truncated
      ? { reason: 'too-large' as const, detail: `more than ${MAX_PAYLOAD_BYTES} bytes; what is kept was cut off` }
      : readMessage(delivery.payload, delivery.properties, delivery.receivedAt);
    if (isRejection(result)) {
      const { tenant, tenantId, deviceId } = route;
      this.deadLetters.push({ delivery, tenant, tenantId, deviceId, messageId: delivery.properties?.id, ...result });
      return;
    }
    const row = identify(delivery, route, result.ts, result.id);
    if (this.#isRepeat(row)) this.repeats.set(route.tenant, (this.repeats.get(route.tenant) ?? 0) + 1);
    else this.rows.push(row);
  }

  #isRepeat(row: Row): boolean {
    const { untimed, delivery } = row;
    if (untimed && delivery.packetId !== 0) {
      const packet = `${delivery.packetId} ${untimed.contentHash}`;
      if (untimed.lookForPacket && this.#seenPackets.has(packet)) return true;
      this.#seenPackets.add(packet);
    }
    // It may turn out to be a reading of an earlier bucket; an equal one of this bucket must not fall with it.
    if (untimed?.lookForPacket) return false;
    const first = this.#seen.get(row.messageId);
    if (first === undefined) {
      this.#seen.set(row.messageId, row);
      return false;
    }
    // Two devices may well use the same id; only then is the longer key worth its price.
    const key = keyOf(row);
    if (keyOf(first) === key || this.#seen.has(key)) return true;
    this.#seen.set(key, row);
    return false;
  }
}

function identify(delivery: Delivery, route: Route, ts: number | undefined, id: string | undefined): Row {
  if (ts !== undefined) {
    const messageId = id ?? contentHash(delivery.topic, delivery.payload);
    return { delivery, route, ts, messageId, untimed: undefined };
  }
  const content = contentHash(delivery.topic, delivery.payload);
  return {
    delivery,
    route,
    ts: delivery.receivedAt * 1000,
    messageId: id ?? bucketedId(content, delivery.receivedAt),
    untimed: { contentHash: content, lookForPacket: delivery.dup && id === undefined },
  };
}

/** What makes two messages the same. A device's id holds no control character, so the line breaks part it safely. */
function keyOf({ route, messageId, ts, untimed }: Row): string {
  return `${route.deviceId}\n${untimed ? '' : ts}\n${messageId}`;
}
