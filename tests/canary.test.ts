// A canary in the place of every generated secret: it must appear in no plan, no output, no log line and no boot data.

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeScratchCopy, type ScratchCopy } from './support/scratch-copy.ts';

const CANARY = 'canary0c4e61d27b95f83a';

/** What makes secrets: the module of each class, and the members that hold what it made. */
const GENERATORS: Record<string, { module: string; secrets: string[] }> = {
  RandomPassword: { module: '@pulumi/random/randomPassword.js', secrets: ['result'] },
  PrivateKey: { module: '@pulumi/tls/privateKey.js', secrets: ['privateKeyPem', 'privateKeyPemPkcs8'] },
  AccountToken: { module: '@pulumi/cloudflare/accountToken.js', secrets: ['value'] },
};

let copy: ScratchCopy;
beforeAll(() => {
  copy = makeScratchCopy();
});
beforeEach(() => {
  const components = readdirSync(join(copy.dir, 'components'))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `components/${name}`);
  for (const [name, { module, secrets }] of Object.entries(GENERATORS)) {
    const users = components.filter((file) => readFileSync(join(copy.dir, file), 'utf8').includes(`'${module}'`));
    expect(users, name).not.toEqual([]);
    // Offline a generator's results are not known; here each gives the canary, as a secret, as the provider would.
    const members = secrets.map((member) => `${member} = asSecret('${CANARY}');`).join(' ');
    const generator = `import { ${name} as Generator } from '${module}';
import { secret as asSecret } from '@pulumi/pulumi';
class ${name} extends Generator { ${members} }`;
    for (const file of users) copy.change(file, `import { ${name} } from '${module}';`, generator);
  }
});
afterEach(() => {
  copy.undo();
  rmSync(join(copy.dir, 'dist/deployments'), { recursive: true, force: true });
});
afterAll(() => copy.remove());

/** The text and everything in it that is base64, decoded and unpacked. */
function everything(text: string): string {
  const encoded = text.match(/[A-Za-z0-9+/]{40,}={0,2}/g) ?? [];
  const decoded = encoded.map((word) => {
    const bytes = Buffer.from(word, 'base64');
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes).toString('latin1') : bytes.toString('latin1');
  });
  return [text, ...decoded].join('\n');
}

/** What may hold a secret: the vault, what signs certificates, and the command that gets hashes made of secrets. */
const HOLDERS = /^azure-native:keyvault:Secret$|^tls:|^command:local:Command$/;

/** Previews the copy. The preview takes a secret out of the plan wherever it stands; `holders` are the types it stood in. */
function planned(stack: string, ...options: string[]) {
  const file = join(copy.dir, 'plan.json');
  const { status, output } = copy.preview('--stack', stack, '--json', file, ...options);
  const plan = readFileSync(file, 'utf8');
  const entries = JSON.parse(plan) as { type: string; inputs: object }[];
  const holders = entries.filter(({ inputs }) => JSON.stringify(inputs).includes('[secret]')).map(({ type }) => type);
  return { status, output, plan: everything(plan), holders };
}

/** What the preview made to be uploaded, the machine's bundle and the functions' package, unpacked. */
function uploads(): string[] {
  const folder = join(copy.dir, 'dist/deployments');
  return readdirSync(folder).map((name) => {
    const bytes = readFileSync(join(folder, name));
    // The package's content is stored, not compressed.
    return (name.endsWith('.tgz') ? gunzipSync(bytes) : bytes).toString('latin1');
  });
}

test.each(['dev', 'prod'])('%s: a generated secret appears nowhere', (stack) => {
  const { status, output, plan, holders } = planned(stack);
  expect(output).toContain('no violation');
  expect(status).toBe(0);
  expect(plan).not.toContain(CANARY);
  expect(everything(output)).not.toContain(CANARY);
  expect(uploads()).toHaveLength(2);
  for (const upload of uploads()) expect(upload).not.toContain(CANARY);
  // The canary did take part, and stands only where it may.
  expect(holders.length).toBeGreaterThanOrEqual(4);
  expect(holders.filter((type) => !HOLDERS.test(type))).toEqual([]);
});

test('one that leaks into an app setting and the boot data is seen, refused, and still not printed', () => {
  copy.change('stacks/tables/settings.ts', 'LOG_LEVEL: config.logLevel', `LOG_LEVEL: '${CANARY}'`);
  const bootData = 'userData(ingress, bundles.url)';
  copy.change('stacks/profiles/machine/broker.ts', bootData, `${bootData} + '\\npassword: ${CANARY}\\n'`);
  const { status, output, plan, holders } = planned('dev');
  expect(holders).toContain('azure-native:web:WebAppApplicationSettings');
  expect(plan).toContain(CANARY);
  expect(output).toContain('vm-no-secret-in-boot-data');
  expect(output).not.toContain(CANARY);
  expect(status).toBe(1);
});
