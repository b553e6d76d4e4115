// What a stack of the Proxmox profile may say; the example is what a person begins with.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseProxmox } from './proxmox.ts';

const file = new URL('../profiles/proxmox/Pulumi.example.yaml', import.meta.url);
const example = (parse(readFileSync(file, 'utf8')) as { config: Record<string, unknown> }).config;

/** As Pulumi gives keys: texts, lists as JSON. */
const having = (changes: Record<string, unknown> = {}) => {
  const all = Object.entries({ ...example, ...changes }).filter(([, value]) => value !== undefined);
  const texts = all.map(([key, value]) => [
    key.includes(':') ? key : `mqtt-saas-proxmox:${key}`,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ]);
  return Object.fromEntries(texts) as Record<string, string>;
};

it('takes the example, and fills in what it leaves out', () => {
  expect(parseProxmox(having(), 'example')).toMatchObject({ sshPort: 2222, bridge: 'vmbr0', cores: 2, memoryMb: 4096 });
});

it.each([
  ['adminCidrs', '["0.0.0.0/0"]', 'has more than 256 addresses'],
  ['adminCidrs', '["198.51.100.10"]', 'is not a network'],
  ['sshPort', 8883, 'is a port of the platform'],
  ['sshPort', 22, 'is not a whole number from 1024 to 65535'],
  ['address', '203.0.113.4', 'is not an IPv4 address with a prefix'],
  ['imageUrl', 'http://example.com/x.qcow2', 'is not the https address'],
  ['imageSha512', 'abc', 'is not 128 hexadecimal digits'],
  ['sshPublicKey', '-----BEGIN OPENSSH PRIVATE KEY-----', 'is a private key'],
  ['adminUser', 'operator', 'is a name that Debian has already'],
  ['password', 'x', 'Unrecognized key'],
])('refuses %s = %s', (key, value, problem) => {
  expect(() => parseProxmox(having({ [key]: undefined, [`mqtt-saas-proxmox:${key}`]: value }), 'site')).toThrow(
    problem,
  );
});
