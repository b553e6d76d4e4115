// What devices report beside readings: the state they are in, and what became of commands.
import { isUtf8 } from 'node:buffer';
import type { Client } from 'pg';
import { unpack } from '../../domain/messages-encoding.ts';
import { explainNoJson, findUnfit, isDeeper } from '../../domain/messages-json.ts';
import { isRejection, type Rejection, reject } from '../../domain/messages-reasons.ts';
import { MAX_REPORT_BYTES } from '../../domain/reports.ts';
import { formatTimestamp } from '../../domain/timestamps.ts';
import { parseDeviceTopic, REPORT_CHANNELS, type ReportChannel } from '../../domain/topics.ts';
import { cameAt, type Delivery } from '../source/delivery.ts';
import type { Route } from './registry.ts';

/** A report that is to be noted. */
export interface Report {
  delivery: Delivery;
  route: Route;
  channel: ReportChannel;
  /** JSON text of an object. */
  body: string;
}

/** The channel of a message that is a report; undefined: it is none, or the gate has changed it. */
export function reportChannelOf({ topic, stamp }: Delivery, route: Route): ReportChannel | undefined {
  if (topic === route.topic || route.topic === undefined) return undefined;
  if (typeof stamp === 'object' && stamp.note !== '') return undefined;
  const rest = parseDeviceTopic(topic)?.rest;
  return REPORT_CHANNELS.find((channel) => channel === rest);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The JSON text of a report, or why it is none. */
export function readReport(channel: ReportChannel, delivery: Delivery, { limits }: Route): string | Rejection {
  const { payload, properties } = delivery;
  const most = MAX_REPORT_BYTES;
  if (payload.length > most)
    return reject('too-large', `a report has at most ${most} bytes, this one ${payload.length}`);
  const unpacked = unpack(payload, properties?.contentType, most);
  if (isRejection(unpacked)) return unpacked;
  if (!isUtf8(unpacked)) return reject('not-utf8', 'the payload is not UTF-8 text');
  const text = unpacked.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return explainNoJson(text, error as Error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return reject('not-an-object', `expected a JSON object in ${channel}`);
  if (isDeeper(value, limits.maxDepth))
    return reject('too-deep', `objects and arrays are nested more than ${limits.maxDepth} levels deep`);
  if (channel === 'acks' && !UUID.test(String((value as { id?: unknown }).id)))
    return reject('bad-id', 'an acknowledgement has the id of its command: {"id": "…", "result": …}');
  return findUnfit(text) ?? text;
}

const NOTE = 'select ingest.note_reports($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::timestamptz[])';

/** Notes them in a batch's transaction. @throws database errors. */
export async function noteReports(client: Client, reports: readonly Report[]): Promise<void> {
  if (reports.length === 0) return;
  await client.query(NOTE, [
    reports.map(({ route }) => route.tenantId),
    reports.map(({ route }) => route.deviceId),
    reports.map(({ channel }) => channel),
    reports.map(({ body }) => body),
    reports.map(({ delivery }) => formatTimestamp(cameAt(delivery) * 1000)),
  ]);
}
