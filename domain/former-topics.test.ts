// Which topics a device may keep, and to which former topic a topic belongs.
import { expect, test } from 'vitest';
import { assertFormerTopic, formerFilter, formerTopicOf } from './former-topics.ts';

test.each([
  ['devices/abc', 'devices/abc'],
  ['devices/abc/telemetry', 'devices/abc'],
  ['device/AA:BB_1.2-3/a/b/c', 'device/AA:BB_1.2-3'],
  ['devices/abc/', 'devices/abc'],
  [`devices/abc/${'x'.repeat(60_000)}`, 'devices/abc'],
  ['tenants2/abc', 'tenants2/abc'],
  ['devices', undefined],
  ['devices/', undefined],
  ['/devices/abc', undefined],
  ['devices//abc', undefined],
  ['tenants/acme/devices/pump', undefined],
  ['probe/1', undefined],
  ['$SYS/broker', undefined],
  ['devices/+', undefined],
  ['devices/a b', undefined],
  ['devices/abc\n', undefined],
  [`devices/${'x'.repeat(65)}`, undefined],
  ['', undefined],
])('%s is below %s', (topic, base) => {
  expect(formerTopicOf(topic)).toBe(base);
  if (base === topic) expect(assertFormerTopic(topic)).toBe(topic);
  else expect(() => assertFormerTopic(topic)).toThrow(/must be two levels such as devices\/abc/);
});

test('ingest subscribes to everything below one first word, and never to the platform’s own topics', () => {
  expect(formerFilter('devices')).toBe('devices/+/#');
  for (const root of ['tenants', 'probe', '+', '#', '$SYS', 'a/b', '', 'a\n']) {
    expect(() => formerFilter(root)).toThrow(/is not the first word/);
  }
});
