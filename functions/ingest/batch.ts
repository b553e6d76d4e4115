// Messages that will be written in one transaction: rows, dead letters, and what to acknowledge afterwards.
import { readMessage, readPlainTime } from '../../domain/messages.ts';
import { unpackedSize } from '../../domain/messages-encoding.ts';
import { MAX_PAYLOAD_BYTES } from '../../domain/messages-limits.ts';
import { NO_TIME } from '../../domain/messages-plain.ts';
import { isRejection, type RejectionReason, reject } from '../../domain/messages-reasons.ts';
import type { ReportChannel } from '../../domain/topics.ts';
import { cameAt, type Delivery } from '../source/delivery.ts';
import { type Canary, readCanary } from './canary.ts';
import { channelOf, WHOLE } from './channel.ts';
import { LESS_WHEN_PLAIN, mostUnpacked, OVERHEAD_BYTES, PART_BYTES } from './memory-estimate.ts';
import type { Registry, Route } from './registry.ts';
import { type Report, readReport, reportChannelOf } from './reports.ts';
import { keptTopic, keyOf, makeRow, type Row, type Sent, sentAsPart, sentAsWhole } from './row.ts';

/** A message, or one reading of an array, that becomes a dead letter. */
export interface DeadLetter {
  delivery: Delivery;
  sent: Sent;
  /** Where it was published, as far as that is known and kept. */
  topic: string;
  tenant: string | undefined;
  tenantId: string | undefined;
  deviceId: string | undefined;
  messageId: string | undefined;
  reason: RejectionReason;
  detail: string;
}

/** Numbers of readings received, by tenant slug; undefined: no known tenant. */
export type Received = Map<string | undefined, { tenantId: string | undefined; readings: number }>;

/** A device's rows by their time. Most devices report in order: then each is newer than those before it, and no map of them is made. */
class Times {
  #rows: Row[] = [];
  #newest = Number.NEGATIVE_INFINITY;
  #byTime: Map<number, Row> | undefined;

  /** The first row of this one's time; undefined when this is the first. */
  take(row: Row): Row | undefined {
    if (row.ts > this.#newest) this.#newest = row.ts;
    else {
      this.#byTime ??= new Map(this.#rows.map((each) => [each.ts, each]));
      const first = this.#byTime.get(row.ts);
      if (first) return first;
    }
    if (this.#byTime) this.#byTime.set(row.ts, row);
    else this.#rows.push(row);
    return undefined;
  }
}

const NO_ROUTE = { tenant: undefined, tenantId: undefined, deviceId: undefined };

/** Collects deliveries; decodes and sorts each as it comes, while the batch before it is being written. */
export class Batch {
  readonly rows: Row[] = [];
  readonly deadLetters: DeadLetter[] = [];
  /** Readings that were seen before in this batch. */
  readonly repeats: Row[] = [];
  /** Counted as they come, apart from what becomes of them, so that the ledger can compare the two. */
  readonly received: Received = new Map();
  /** What devices say of themselves and of commands: no readings, so in no ledger. */
  readonly reports: Report[] = [];
  /** Of this or another session. */
  readonly canaries: Canary[] = [];
  /** Bytes that were unpacked and read, also of what was refused. */
  work = 0;
  /** Memory held, in bytes; generous. */
  bytes = 0;
  readonly deliveries: Delivery[] = [];
  get messages(): number {
    return this.deliveries.length;
  }
  /** Messages without a stamp of the broker's, and with one whose MAC is wrong. */
  unstamped = 0;
  forged = 0;
  /** When the first message came, in milliseconds since 1970. */
  startedAt = 0;

  readonly #registry: Registry;
  readonly #readAt: number | undefined;
  /** Of each message, its place in the batch that it first came in: a part of the identity of some. */
  readonly #places: number[] = [];
  /** By device and time, which are looked up without making a text of them; and the others by their key. */
  readonly #seenAt = new Map<string, Times>();
  readonly #seen = new Map<string, Row>();
  readonly #seenPackets = new Map<string, Delivery>();
  /** Messages, by their index, whose topics the registry does not know. */
  #unrouted: number[] = [];

  /** @param readAt when its messages are judged, in milliseconds since 1970. Default: each when it came. */
  constructor(registry: Registry, readAt?: number) {
    this.#registry = registry;
    this.#readAt = readAt;
  }

  add(delivery: Delivery): void {
    this.#add(delivery, this.messages + 1);
  }

  #add(delivery: Delivery, place: number): void {
    if (this.messages === 0) {
      this.startedAt = delivery.receivedAt;
      this.#registry.refresh();
    }
    this.deliveries.push(delivery);
    this.#places.push(place);
    this.bytes += delivery.size + 2 * delivery.topic.length + OVERHEAD_BYTES;
    const canary = readCanary(delivery);
    if (canary) {
      this.canaries.push(canary);
      return;
    }
    if (delivery.stamp === undefined) this.unstamped += 1;
    else if (delivery.stamp === 'forged') this.forged += 1;
    const route = this.#registry.find(delivery.topic);
    if (route) {
      this.#place(delivery, place, route);
    } else {
      this.bytes += mostUnpacked(delivery);
      this.#unrouted.push(this.messages - 1);
    }
  }

  /** Routes what the registry did not know when it came. @throws database errors; then nothing has changed. */
  async settle(): Promise<void> {
    if (this.#unrouted.length === 0) return;
    const waiting = this.#unrouted;
    const topics = new Set(waiting.map((index) => (this.deliveries[index] as Delivery).topic));
    const unroutable = await this.#registry.learn([...topics]);
    this.#unrouted = [];
    for (const index of waiting) {
      const delivery = this.deliveries[index] as Delivery;
      const route = this.#registry.find(delivery.topic);
      const refusal = unroutable.get(delivery.topic);
      if (refusal) {
        this.#count(refusal.tenant, refusal.tenantId, 1);
        this.#refuse(delivery, sentAsWhole(delivery), { ...refusal, deviceId: undefined });
      } else if (route) {
        this.bytes -= mostUnpacked(delivery);
        this.#place(delivery, this.#places[index] as number, route);
      } else {
        // The registry's memory ended in between.
        this.#unrouted.push(index);
      }
    }
    await this.settle();
  }

  /** The same messages in batches of at most `most`, in the order they came. */
  split(most: number): Batch[] {
    if (this.messages <= most) return [this];
    const indexes = [...this.deliveries.keys()];
    const parts: Batch[] = [];
    for (let from = 0; from < this.messages; from += most) parts.push(this.#of(indexes.slice(from, from + most)));
    return parts;
  }

  /** The messages that `isTheirs` accepts, and the others, in batches of their own. */
  partition(isTheirs: (delivery: Delivery, tenant: string | undefined) => boolean): [theirs: Batch, others: Batch] {
    const [theirs, others]: [number[], number[]] = [[], []];
    for (const [index, delivery] of this.deliveries.entries()) {
      (isTheirs(delivery, this.#registry.find(delivery.topic)?.tenant) ? theirs : others).push(index);
    }
    return [this.#of(theirs), this.#of(others)];
  }

  /** The same messages as dead letters, each as a whole and unread: nothing else could be done with them. Canaries stay what they are. */
  setAside(detail: string): Batch {
    const batch = new Batch(this.#registry, this.#readAt);
    batch.deliveries.push(...this.deliveries);
    batch.#places.push(...this.#places);
    batch.startedAt = this.startedAt;
    batch.unstamped = this.unstamped;
    batch.forged = this.forged;
    batch.canaries.push(...this.canaries);
    for (const delivery of this.deliveries) {
      if (readCanary(delivery)) continue;
      const route = this.#registry.find(delivery.topic);
      const { tenant, tenantId, deviceId } = route ?? NO_ROUTE;
      batch.#count(tenant, tenantId, 1);
      batch.#refuse(delivery, sentAsWhole(delivery), {
        reason: 'database-rejected',
        detail,
        tenant,
        tenantId,
        deviceId,
      });
    }
    return batch;
  }

  /** Read again: what one batch holds depends on which messages are in it together. */
  #of(indexes: readonly number[]): Batch {
    const batch = new Batch(this.#registry, this.#readAt);
    for (const index of indexes) batch.#add(this.deliveries[index] as Delivery, this.#places[index] as number);
    return batch;
  }

  #place(delivery: Delivery, place: number, route: Route): void {
    const { properties } = delivery;
    const size = properties ? unpackedSize(delivery.payload, properties.contentType) : delivery.size;
    // A larger one is refused unread.
    this.work += size > MAX_PAYLOAD_BYTES ? delivery.size : size;
    const reported = reportChannelOf(delivery, route);
    if (reported) {
      this.#report(delivery, route, reported);
      return;
    }
    const channel = channelOf(delivery, route);
    const readAt = this.#readAt ?? delivery.receivedAt;
    if (channel === WHOLE && properties === undefined && !delivery.truncated) {
      const { bytes, from, to } = delivery;
      const time = readPlainTime(bytes, from, to, cameAt(delivery), route.limits, route.rules, readAt);
      if (time !== undefined) {
        this.bytes -= LESS_WHEN_PLAIN;
        this.#count(route.tenant, route.tenantId, 1);
        this.#keep(makeRow(delivery, route, undefined, time === NO_TIME ? undefined : time, place));
        return;
      }
    }
    const { payload } = delivery;
    const isRead = channel === WHOLE || !isRejection(channel);
    const result = !isRead
      ? channel
      : delivery.truncated
        ? reject('too-large', `more than ${MAX_PAYLOAD_BYTES} bytes; what is kept was cut off`)
        : readMessage(payload, properties, cameAt(delivery), route.limits, route.rules, channel.field, readAt);
    if (isRejection(result)) {
      this.#count(route.tenant, route.tenantId, 1);
      this.#refuse(
        delivery,
        sentAsWhole(delivery),
        { ...result, ...namesOf(route) },
        isRead ? undefined : channel.topic,
      );
      return;
    }
    this.#count(route.tenant, route.tenantId, result.length);
    for (const reading of result) {
      if (reading.payload !== payload) this.bytes += reading.payload.length + PART_BYTES;
      if (isRejection(reading)) {
        const { reason, detail } = reading;
        this.#refuse(delivery, sentAsPart(reading), { reason, detail, ...namesOf(route) });
        continue;
      }
      this.#keep(makeRow(delivery, route, reading, reading.ts, place));
    }
  }

  #keep(row: Row): void {
    (this.#isRepeat(row) ? this.repeats : this.rows).push(row);
  }

  #report(delivery: Delivery, route: Route, channel: ReportChannel): void {
    const body = readReport(channel, delivery, route);
    if (typeof body === 'string') {
      this.bytes += 2 * body.length;
      this.reports.push({ delivery, route, channel, body });
      return;
    }
    this.#count(route.tenant, route.tenantId, 1);
    this.#refuse(delivery, sentAsWhole(delivery), { ...body, ...namesOf(route) });
  }

  #count(tenant: string | undefined, tenantId: string | undefined, readings: number): void {
    const counted = this.received.get(tenant);
    if (counted) counted.readings += readings;
    else this.received.set(tenant, { tenantId, readings });
  }

  #refuse(
    delivery: Delivery,
    sent: Sent,
    why: Omit<DeadLetter, 'delivery' | 'sent' | 'topic' | 'messageId'>,
    topic = keptTopic(delivery),
  ): void {
    this.deadLetters.push({ delivery, sent, topic, messageId: sent.envelope?.id, ...why });
  }

  /** Whether it came before in this batch, as a broker's redelivery or as a device's repeat that its own id or time gives away. */
  #isRepeat(row: Row): boolean {
    const { untimed, delivery } = row;
    if (untimed?.byContent) {
      if (delivery.tag === 0) return false;
      const packet = `${delivery.tag} ${untimed.contentHash}`;
      const first = this.#seenPackets.get(packet);
      this.#seenPackets.set(packet, delivery);
      // Equal readings of one message are several readings.
      return first !== undefined && first !== delivery;
    }
    if (!untimed) {
      let times = this.#seenAt.get(row.route.deviceId);
      if (times === undefined) {
        times = new Times();
        this.#seenAt.set(row.route.deviceId, times);
      }
      const first = times.take(row);
      if (first === undefined) return false;
      first.keepId();
      row.keepId();
      if (first.messageId === row.messageId) return true;
    }
    const key = keyOf(row);
    if (this.#seen.has(key)) return true;
    this.#seen.set(key, row);
    return false;
  }
}

const namesOf = ({ tenant, tenantId, deviceId }: Route) => ({ tenant, tenantId, deviceId });
