import { expect, test } from 'vitest';
import { renderServerConfig, type ServerOptions } from './config.ts';
import type { PublicKeys } from './keys.ts';

const KEYS: PublicKeys = { issuerKey: 'AISSUER', gateKey: 'UGATE', systemKey: 'USYSTEM', keeperKey: 'UKEEPER' };
const OPTIONS: ServerOptions = {
  name: 'n1',
  cluster: 'home',
  host: '10.0.0.1',
  mqttPort: 1,
  clientPort: 2,
  routePort: 3,
  routes: ['10.0.0.1:3', '10.0.0.2:3', '10.0.0.3:3'],
  certificateFile: '/c/server.pem',
  keyFile: '/c/server.key',
  peerCertificateFile: '/c/peer.pem',
  peerKeyFile: '/c/peer.key',
  peerCaFile: '/c/ca.pem',
  storeDir: '/store',
  maxFileStore: 1_000,
  keys: KEYS,
};

test('the file of a server, whole', () => {
  expect(renderServerConfig(OPTIONS)).toMatchSnapshot();
});

test.each([
  ['a quote', { name: 'n1" }' }],
  ['a line break', { storeDir: '/store\nauthorization: {}' }],
  ['a variable', { host: '$HOST' }],
  ['nothing', { certificateFile: '' }],
  ['a route with a quote', { routes: ['a:1"'] }],
])('%s never reaches it', (_, change) => {
  expect(() => renderServerConfig({ ...OPTIONS, ...change })).toThrow(/^nats-server\.conf: \w+ is /);
});
