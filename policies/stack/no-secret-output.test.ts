import { describe, expect, test } from 'vitest';
import { resource, UNKNOWN_TEXT } from '../testing/plan.ts';
import { noSecretOutput } from './no-secret-output.ts';

const PASSWORD = 'kQ7vX2mB9tRw4LpZ';
const STACK = 'pulumi:pulumi:Stack';

function judge(outputs: Record<string, unknown>): string[] {
  const password = resource('random:index/randomPassword:RandomPassword', 'password', { result: PASSWORD, length: 16 });
  return noSecretOutput
    .checkStack([resource(STACK, 'mqtt-saas-dev', outputs), password], {})
    .map(({ message }) => message);
}

describe('stack-no-secret-output', () => {
  test('addresses, names and certificates are fine, known or not', () => {
    const outputs = {
      brokerAddress: UNKNOWN_TEXT,
      brokerHost: 'mqtt.example.com',
      caCertificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
      sshPublicKey: 'ssh-ed25519 AAAA operator',
      secretNames: { mqttPassword: 'mqtt-password' },
      ports: [8883],
      unset: null,
    };
    expect(judge(outputs)).toEqual([]);
  });
  test.each([
    ['a secret by name', { mqttPassword: 'anything' }],
    ['a secret by name inside an object', { broker: { password: 'anything' } }],
    ['a secret by name, not known yet', { adminToken: UNKNOWN_TEXT }],
    ['another resource’s secret', { note: PASSWORD }],
    ['another resource’s secret inside a text', { hint: `log in with ${PASSWORD}` }],
    ['a secret by shape', { database: 'postgres://ingest:Tr0ub4dor@db.example.com/postgres' }],
    ['a secret by shape in a list', { urls: ['https://x.blob.core.windows.net/c?sv=1&sig=Ab3dEf7hAb3dEf7hAb3d'] }],
    ['a secret packed as base64', { file: Buffer.from('-----BEGIN PRIVATE KEY-----\nMIIB').toString('base64') }],
  ])('%s is not', (_, outputs) => {
    const messages = judge(outputs);
    expect(messages).toHaveLength(1);
    expect(messages.join()).not.toMatch(/anything|Tr0ub4dor|kQ7vX2mB/);
  });
});
