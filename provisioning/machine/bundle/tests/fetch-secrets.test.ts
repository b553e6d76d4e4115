import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AzureStandIn, startAzure } from '../testing/azure-stand-in.ts';
import { programsFolder } from '../testing/programs.ts';

const BIN = join(programsFolder(), 'bin');

const run = promisify(execFile);
const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();

let azure: AzureStandIn;
let home: string;
let folder: string;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'secrets-'));
  folder = join(home, 'run');
  azure = await startAzure();
  azure.secrets.set('ca', 'CA\nof the broker\n').set('password', 'p4ssword');
});
afterEach(async () => {
  await azure.stop();
  rmSync(home, { recursive: true });
});

/** Runs the script for these files (file: secret); never rejects. */
async function fetchSecrets(secrets: Record<string, string>): Promise<{ code: number; stderr: string }> {
  writeFileSync(join(home, 'settings.json'), JSON.stringify({ vaultUri: azure.url, secrets }));
  const script = join(BIN, 'fetch-secrets.py');
  const env = {
    ...process.env,
    METADATA_ENDPOINT: azure.url,
    LAST_GOOD: join(home, 'last-good'),
    BROKER_GROUP: group,
    ATTEMPTS: '3',
    PAUSE_SECONDS: '0',
  };
  return run('/usr/bin/python3', ['-B', script, join(home, 'settings.json'), folder, group], { env }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  );
}
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('fetch-secrets', () => {
  it('writes each secret, byte for byte, for root only, but for the agent’s address and the broker’s key', async () => {
    const secrets = { 'registry.url': 'ca', password: 'password', 'stamp.key': 'password' };
    expect(await fetchSecrets(secrets)).toEqual({ code: 0, stderr: '' });
    expect(mode(join(folder, 'stamp.key'))).toBe('440');
    expect(readFileSync(join(folder, 'registry.url'), 'utf8')).toBe('CA\nof the broker\n');
    expect(readFileSync(join(folder, 'password'), 'utf8')).toBe('p4ssword');
    expect(['registry.url', 'password', ''].map((name) => mode(join(folder, name)))).toEqual(['440', '600', '711']);
  });

  it('takes what an older release gave the broker away from it', async () => {
    await fetchSecrets({ 'registry.url': 'ca', password: 'password' });
    chmodSync(folder, 0o750);
    for (const name of ['registry.url', 'password']) chmodSync(join(folder, name), 0o640);
    await fetchSecrets({ 'registry.url': 'ca', password: 'password' });
    expect(['registry.url', 'password', ''].map((name) => mode(join(folder, name)))).toEqual(['440', '600', '711']);
  });

  it('tries again until the access is granted', async () => {
    azure.refusals = 2;
    const { code, stderr } = await fetchSecrets({ password: 'password' });
    expect(code).toBe(0);
    expect(stderr).toContain('attempt 1 of 3');
  });

  it('writes nothing when one of the secrets is missing, and says which', async () => {
    const { code, stderr } = await fetchSecrets({ password: 'password', other: 'none' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/secrets\/none answered 404.*the broker cannot start without its secrets/);
    expect(existsSync(join(folder, 'password'))).toBe(false);
  });

  it('lets the broker go on with what it had when the vault is away', async () => {
    await fetchSecrets({ password: 'password' });
    azure.refusals = 99;
    const { code, stderr } = await fetchSecrets({ password: 'password' });
    expect(code).toBe(0);
    expect(stderr).toContain('the broker goes on with what it had');
    expect(readFileSync(join(folder, 'password'), 'utf8')).toBe('p4ssword');
  });

  it('needs no vault after a boot, asks it once, and marks what it takes as old', async () => {
    await fetchSecrets({ password: 'password', 'ca.crt': 'ca' });
    const kept = join(home, 'last-good');
    expect([mode(kept), mode(join(kept, 'secrets.json'))]).toEqual(['700', '600']);
    rmSync(folder, { recursive: true });
    azure.refusals = 99;
    const { code, stderr } = await fetchSecrets({ password: 'password', 'ca.crt': 'ca' });
    expect([code, stderr.split('\n').length]).toEqual([0, 2]);
    expect(readFileSync(join(folder, 'password'), 'utf8')).toBe('p4ssword');
    expect([mode(join(folder, 'ca.crt')), existsSync(join(folder, 'old-secrets'))]).toEqual(['600', true]);
    azure.refusals = 0;
    azure.secrets.set('password', 'rotated');
    expect((await fetchSecrets({ password: 'password', 'ca.crt': 'ca' })).code).toBe(0);
    expect(readFileSync(join(folder, 'password'), 'utf8')).toBe('rotated');
    expect(existsSync(join(folder, 'old-secrets'))).toBe(false);
  });

  it('does not start with a part of what was kept', async () => {
    await fetchSecrets({ password: 'password' });
    rmSync(folder, { recursive: true });
    azure.refusals = 99;
    const { code, stderr } = await fetchSecrets({ password: 'password', 'ca.crt': 'ca' });
    expect([code, stderr]).toEqual([1, expect.stringContaining('the broker cannot start without its secrets')]);
    expect(existsSync(join(folder, 'password'))).toBe(false);
  });

  it('takes up a rotated secret', async () => {
    await fetchSecrets({ password: 'password' });
    azure.secrets.set('password', 'rotated');
    await fetchSecrets({ password: 'password' });
    expect(readFileSync(join(folder, 'password'), 'utf8')).toBe('rotated');
  });

  it('never says a secret or the token, whatever goes wrong', async () => {
    const outcomes = [await fetchSecrets({ 'no/such/folder': 'password' }), await fetchSecrets({ x: 'nothing' })];
    for (const { stderr } of outcomes) expect(stderr).not.toMatch(/p4ssword|token-only/);
    expect(outcomes.map(({ code }) => code)).toEqual([1, 1]);
  });
});
