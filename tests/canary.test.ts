// A canary in the place of every generated secret: it must appear in no plan, no output, no log line and no boot data.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeScratchCopy, type ScratchCopy } from './support/scratch-copy.ts';

const CANARY = 'canary0c4e61d27b95f83a';

let copy: ScratchCopy;
beforeEach(() => {
  copy = makeScratchCopy();
  // Offline the generators' results are not known; here each gives the canary, as a secret, as the provider would.
  for (const file of ['components/credentials.ts', 'components/private-ca.ts']) {
    copy.change(file, /^import /m, "import { secret as asSecret } from '@pulumi/pulumi';\nimport ");
  }
  copy.change(
    'components/credentials.ts',
    /new RandomPassword\(`\$\{name\}-svc-ingest`, PASSWORD, parent\)\.result/,
    `asSecret('${CANARY}')`,
  );
  copy.change(
    'components/credentials.ts',
    /new RandomPassword\(`\$\{name\}-mqtt-ingest`, PASSWORD, parent\)\.result/,
    `asSecret('${CANARY}')`,
  );
  copy.change('components/private-ca.ts', 'privateKeyPem: caKey.privateKeyPem', `privateKeyPem: asSecret('${CANARY}')`);
  copy.change(
    'components/private-ca.ts',
    'privateKeyPem: serverKey.privateKeyPem',
    `privateKeyPem: asSecret('${CANARY}')`,
  );
  copy.change('components/private-ca.ts', /this\.serverKey = [^;]+;/, `this.serverKey = asSecret('${CANARY}');`);
});
afterEach(() => copy.remove());

/** The text and everything in it that is base64, decoded and unpacked. */
function everything(text: string): string {
  const encoded = text.match(/[A-Za-z0-9+/]{40,}={0,2}/g) ?? [];
  const decoded = encoded.map((word) => {
    const bytes = Buffer.from(word, 'base64');
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes).toString('latin1') : bytes.toString('latin1');
  });
  return [text, ...decoded].join('\n');
}

test('a generated secret appears nowhere', () => {
  const file = join(copy.dir, 'plan.json');
  const { status, output } = copy.preview('--json', file);
  expect(output).toContain('no violation');
  expect(status).toBe(0);
  const plan = readFileSync(file, 'utf8');
  expect(everything(plan)).not.toContain(CANARY);
  expect(everything(output)).not.toContain(CANARY);
  // The canary did take part: what holds it is marked.
  expect(plan.match(/"\[secret\]"/g)?.length).toBeGreaterThanOrEqual(4);
});

test('one that leaks into the boot data is refused, and still not printed', () => {
  copy.change('stacks/index.ts', 'userData(ingress, vault)', `userData(ingress, vault) + '\\npassword: ${CANARY}\\n'`);
  const { status, output } = copy.preview();
  expect(output).toContain('vm-no-secret-in-boot-data');
  expect(output).not.toContain(CANARY);
  expect(status).toBe(1);
});
