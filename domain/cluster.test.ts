import { expect, test } from 'vitest';
import { clientIdOf, subjectsOf, topicOf } from './cluster.ts';
import { COMMANDS_FILTER, DESIRED_FILTER } from './topics.ts';

// As nats-server 2.15 writes topics: seen in tests/sources/cluster-tenants.source.ts.
test.each([
  ['$MQTT.msgs.from.3.tenants.acme.devices.pump-1.telemetry', 'tenants/acme/devices/pump-1/telemetry'],
  ['$MQTT.msgs.from.12.tenants.a.devices.b.telemetry./', 'tenants/a/devices/b/telemetry/'],
  ['$MQTT.msgs.from.0.tenants.a.devices.b.a//b./.ä', 'tenants/a/devices/b/a.b//ä'],
  ['$MQTT.msgs.from.1.from.2.x', 'from/2/x'],
])('%s was published to %s', (subject, topic) => {
  expect(topicOf(subject)).toBe(topic);
});

test('a filter for everything below stands for its parent too', () => {
  expect(subjectsOf(COMMANDS_FILTER)).toEqual(['tenants.*.devices.*.commands', 'tenants.*.devices.*.commands.>']);
  expect(subjectsOf(DESIRED_FILTER)).toEqual(['tenants.*.devices.*.desired']);
  expect(() => subjectsOf('a.b')).toThrow('no plain subject');
});

test('the client id of two devices is never the same', () => {
  expect(clientIdOf('acme.pump-1')).toBe('acme_pump-1');
  expect(clientIdOf('svc-control')).toBe('svc-control');
});
