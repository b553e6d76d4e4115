// The commands of docs/managed.md that make certificates: run as they stand there, and what they make is what the broker and the stack ask for.
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import { certificate } from '../stacks/configuration/fields.ts';

let dir: string;
const file = (name: string) => readFileSync(join(dir, name), 'utf8');
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-'));
  const page = readFileSync(join(ROOT, 'docs/managed.md'), 'utf8');
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  expect(blocks).toHaveLength(2);
  for (const block of blocks) execFileSync('sh', ['-ec', block], { cwd: dir, stdio: 'pipe' });
});
afterAll(() => rmSync(dir, { recursive: true }));

it('the authority is one that the stack takes, and signs no further authority', () => {
  expect(certificate.safeParse(file('device-ca.crt')).success).toBe(true);
  expect(certificate.safeParse(file('boiler-1.crt')).success).toBe(false);
  const text = execFileSync('openssl', ['x509', '-in', 'device-ca.crt', '-noout', '-text'], { cwd: dir }).toString();
  expect(text).toContain('pathlen:0');
});

it('the device is signed by it, and named as it signs in', () => {
  const [authority, device] = ['device-ca.crt', 'boiler-1.crt'].map((name) => new X509Certificate(file(name)));
  expect(device!.verify(authority!.publicKey)).toBe(true);
  expect(device!.subject).toBe('CN=acme.boiler-1');
});
