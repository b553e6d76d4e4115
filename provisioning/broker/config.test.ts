import { expect, test } from 'vitest';
import { renderBrokerConfig } from './config.ts';

const options = {
  listenAddress: '0.0.0.0',
  port: 8883,
  certificateFile: '/run/mqtt/server.pem',
  keyFile: '/run/mqtt/server.key',
  gateFile: '/opt/gate.so',
  registryFile: '/etc/mosquitto/registry',
  stampKeyFile: '/run/mqtt/stamp.key',
  persistenceDir: '/var/lib/mosquitto',
};

test('one TLS listener, no anonymous, nothing left to fill in', () => {
  const text = renderBrokerConfig(options);
  const settings = text.split('\n').filter((line) => line && !line.startsWith('#'));
  expect(settings.filter((line) => line.startsWith('listener'))).toEqual(['listener 8883 0.0.0.0']);
  expect(settings).toContain('allow_anonymous false');
  expect(settings).toContain('tls_version tlsv1.2');
  expect(settings).toContain('max_queued_messages 288000');
  expect(settings).toContain('max_queued_bytes 73728000');
  expect(settings.join('\n')).not.toContain('$');
});

test('a WebSocket listener has the settings of the first', () => {
  const text = renderBrokerConfig({ ...options, webSocketPorts: [9001, 443] });
  const [first, ...others] = text.split('listener ').slice(1).map(settingsOf);
  expect(others.map(([port]) => port)).toEqual(['9001', '443']);
  for (const [, protocol, ...settings] of others) {
    expect(protocol).toBe('protocol websockets');
    expect(settings).toEqual(first?.slice(2));
  }
});

/** What a listener has, up to the next section, without comments. */
const settingsOf = (listener: string) =>
  listener
    .replace(/\n\n.*/s, '')
    .split('\n')
    .filter((line) => !line.startsWith('#'));

test.each([
  [{ port: 0 }, 'port is 0'],
  [{ autosaveSeconds: 1.5 }, 'autosaveSeconds is 1.5'],
  [{ maxQueuedBytes: 0 }, 'maxQueuedBytes is 0'],
  [{ maxQueuedMessages: 0 }, 'maxQueuedMessages is 0'],
  [{ webSocketPorts: [9001, 70_000] }, 'webSocketPorts is 70000'],
  [{ maxConnections: 0 }, 'maxConnections is 0'],
  [{ keyFile: '/a\nallow_anonymous true' }, 'keyFile is'],
  [{ registryFile: '' }, 'registryFile is ""'],
  [{ tenantMessagesPerSecond: -1 }, 'tenantMessagesPerSecond is -1'],
  [{ tenantConnections: 60_001 }, 'tenantConnections is 60001'],
])('%j is refused by name', (change, message) => {
  expect(() => renderBrokerConfig({ ...options, ...change })).toThrow(message);
});
