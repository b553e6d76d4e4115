// What counts as a report of a device, and what is wrong with one that does not.
import { expect, test } from 'vitest';
import { DEFAULT_LIMITS, DEFAULT_RULES, MAX_DEPTH } from '../../domain/messages-limits.ts';
import { MAX_REPORT_BYTES } from '../../domain/reports.ts';
import type { Delivery } from '../source/delivery.ts';
import type { Route } from './registry.ts';
import { readReport, reportChannelOf } from './reports.ts';

const PREFIX = 'tenants/acme/devices/pump';
const route = { topic: `${PREFIX}/telemetry`, limits: DEFAULT_LIMITS, rules: DEFAULT_RULES } as Route;
const delivery = (topic: string, text = '{}', more: Partial<Delivery> = {}) =>
  ({ topic, payload: Buffer.from(text), properties: undefined, stamp: undefined, ...more }) as Delivery;
const noted = { stamp: { note: 'z200000' } as Delivery['stamp'] };

test.each([
  [`${PREFIX}/reported`, 'reported', route],
  [`${PREFIX}/acks`, 'acks', route],
  [`${PREFIX}/acks/x`, undefined, route],
  [`${PREFIX}/telemetry`, undefined, route],
  [`${PREFIX}/telemetry/acks`, undefined, route],
  // Its own topic from before the platform.
  ['devices/pump/acks', undefined, { ...route, topic: undefined }],
])('%s is a report: %s', (topic, channel, of) => {
  expect(reportChannelOf(delivery(topic), of)).toBe(channel);
});

test('what the gate has emptied is not read', () => {
  expect(reportChannelOf(delivery(`${PREFIX}/acks`, '', noted), route)).toBeUndefined();
});

const id = '"01234567-89ab-cdef-0123-456789abcdef"';
test.each([
  ['reported', '{"a": 1e5, "b": null}', undefined],
  ['acks', `{"id": ${id}, "result": [1]}`, undefined],
  ['acks', '{"result": 1}', 'bad-id'],
  ['acks', '{"id": "7"}', 'bad-id'],
  ['acks', `[${id}]`, 'not-an-object'],
  ['reported', 'true', 'not-an-object'],
  ['reported', '{"a": ', 'not-json'],
  ['reported', '', 'not-json'],
  ['reported', '{"a": "\\u0000"}', 'nul-character'],
  ['reported', '{"a": 1e400}', 'number-out-of-range'],
  ['reported', `${'{"a":'.repeat(MAX_DEPTH + 1)}1${'}'.repeat(MAX_DEPTH + 1)}`, 'too-deep'],
  ['reported', JSON.stringify({ a: 'x'.repeat(MAX_REPORT_BYTES) }), 'too-large'],
] as const)('%s %s: %s', (channel, text, reason) => {
  const read = readReport(channel, delivery(`${PREFIX}/${channel}`, text), route);
  if (reason === undefined) expect(read).toBe(text);
  else expect(read).toMatchObject({ reason, detail: expect.any(String) });
});
