import { expect, test } from 'vitest';
import { renderBrokerConfig } from './config.ts';

const options = {
  listenAddress: '0.0.0.0',
  port: 8883,
  certificateFile: '/run/mqtt/server.pem',
  keyFile: '/run/mqtt/server.key',
  passwordFile: '/etc/mosquitto/passwords',
  aclFile: '/etc/mosquitto/acl',
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

test.each([
  [{ port: 0 }, 'port is 0'],
  [{ autosaveSeconds: 1.5 }, 'autosaveSeconds is 1.5'],
  [{ maxQueuedBytes: 0 }, 'maxQueuedBytes is 0'],
  [{ maxQueuedMessages: 0 }, 'maxQueuedMessages is 0'],
  [{ maxConnections: 0 }, 'maxConnections is 0'],
  [{ keyFile: '/a\nallow_anonymous true' }, 'keyFile is'],
  [{ aclFile: '' }, 'aclFile is ""'],
])('%j is refused by name', (change, message) => {
  expect(() => renderBrokerConfig({ ...options, ...change })).toThrow(message);
});
