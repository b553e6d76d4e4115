// Ingest talks only to the broker whose certificate is valid for the name it was given.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '../../lab/authority.ts';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { openConnection } from './connection.ts';

let rig: Lab;
beforeAll(async () => {
  rig = await startLab({ devices: 0, broker: MANY_SESSIONS });
});
afterAll(() => rig.stop());

async function connect(host: string, ca: string | undefined, certifiedAs?: string) {
  const connection = openConnection({
    broker: { host, port: rig.broker.port, tls: true, certifiedAs },
    username: 'svc-ingest',
    password: rig.serviceKey,
    ca,
    clientId: 'tls',
    receiveMaximum: 10,
    number: 1,
    onDelivery: () => {},
    now: Date.now,
  });
  try {
    await connection.subscribed;
    return 'connected';
  } catch (error) {
    return (error as { code?: string }).code;
  } finally {
    await connection.disconnect();
  }
}

const ours = () => readFileSync(rig.broker.certificates.caFile, 'utf8');

test('by name or by address, when the certificate says so', async () => {
  expect(await connect('localhost', ours())).toBe('connected');
  expect(await connect('127.0.0.1', ours())).toBe('connected');
});

test('not under a name the certificate does not hold', async () => {
  // Linux takes it for this machine, so the broker answers.
  expect(await connect('0.0.0.0', ours())).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
});

test('by another way than its name, when told the name', async () => {
  expect(await connect('0.0.0.0', ours(), 'localhost')).toBe('connected');
  expect(await connect('localhost', ours(), 'other.example')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
});

test('not with a certificate of another CA, and not of a private one unless told to trust it', async () => {
  const { certificate } = await makeAuthority('Somebody else');
  expect(await connect('localhost', certificate)).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/);
  expect(await connect('localhost', undefined)).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/);
});
