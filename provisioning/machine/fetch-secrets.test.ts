import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./fetch-secrets.py', import.meta.url));
const TOKEN = 'token-only-the-vault-may-see';

/** Stands for the metadata service and the vault: what they answer is from Azure's REST reference. */
let azure: Server;
let secrets: Record<string, string>;
let grantedAfter: number;
let requests: string[];
let folder: string;

beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'secrets-')), 'run');
  secrets = { 'tls-key': 'KEY\nof the broker\n', password: 'p4ssword' };
  grantedAfter = 0;
  requests = [];
  azure = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://azure');
    requests.push(url.pathname);
    const answer = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body));
    if (url.pathname === '/metadata/identity/oauth2/token') {
      if (request.headers.metadata !== 'true') return answer(400, {});
      return answer(200, { access_token: TOKEN, resource: url.searchParams.get('resource') });
    }
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return answer(401, {});
    if (requests.length <= grantedAfter) return answer(403, { error: { code: 'Forbidden' } });
    const value = secrets[url.pathname.replace('/secrets/', '')];
    return value === undefined ? answer(404, {}) : answer(200, { value });
  });
  azure.listen(0, '127.0.0.1');
  await once(azure, 'listening');
});

afterEach(() => {
  azure.close();
  rmSync(join(folder, '..'), { recursive: true });
});

/** Runs the script against the stand-in; never rejects. */
async function fetchSecrets(...files: string[]): Promise<{ code: number; stderr: string }> {
  const address = `http://127.0.0.1:${(azure.address() as AddressInfo | null)?.port ?? 9}`;
  const { stdout: group } = await run('id', ['-gn', userInfo().username]);
  const env = {
    ...process.env,
    METADATA_ENDPOINT: address,
    ATTEMPTS: '3',
    PAUSE_SECONDS: '0',
    http_proxy: 'http://127.0.0.1:9',
  };
  return run('python3', [script, address, folder, group.trim(), ...files], { env }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  );
}

describe('fetch-secrets', () => {
  it('writes each secret, byte for byte, for root and the broker only', async () => {
    expect(await fetchSecrets('tls-key=server.key', 'password=password')).toEqual({ code: 0, stderr: '' });
    expect(readFileSync(join(folder, 'server.key'), 'utf8')).toBe('KEY\nof the broker\n');
    expect(readFileSync(join(folder, 'password'), 'utf8')).toBe('p4ssword');
    expect((statSync(join(folder, 'server.key')).mode & 0o777).toString(8)).toBe('640');
    expect((statSync(folder).mode & 0o777).toString(8)).toBe('750');
  });

  it('tries again until the access is granted', async () => {
    grantedAfter = 2;
    const { code, stderr } = await fetchSecrets('password=password');
    expect(code).toBe(0);
    expect(stderr).toContain('attempt 1 of 3: HTTP Error 403');
  });

  it('writes nothing when one of the secrets is missing, and says which attempt failed how', async () => {
    const { code, stderr } = await fetchSecrets('password=password', 'tls-cert=server.crt');
    expect(code).toBe(1);
    expect(stderr).toContain('attempt 3 of 3: HTTP Error 404');
    expect(stderr).toContain('the broker cannot start without its secrets');
    expect(existsSync(join(folder, 'password'))).toBe(false);
  });

  it('lets the broker start with what it had when the vault is away', async () => {
    await fetchSecrets('password=password');
    azure.close();
    azure.closeAllConnections();
    const { code, stderr } = await fetchSecrets('password=password');
    expect(code).toBe(0);
    expect(stderr).toContain('the vault is away; the broker starts with what it had');
    expect(readFileSync(join(folder, 'password'), 'utf8')).toBe('p4ssword');
  });

  it('takes up a rotated secret', async () => {
    await fetchSecrets('password=password');
    secrets.password = 'rotated';
    await fetchSecrets('password=password');
    expect(readFileSync(join(folder, 'password'), 'utf8')).toBe('rotated');
  });

  it('never says a secret or the token, whatever goes wrong', async () => {
    writeFileSync(join(folder, '..', 'blocks'), '');
    secrets.password = 'p4ssword';
    const outcomes = [await fetchSecrets('password=no/such/folder'), await fetchSecrets('nothing=x')];
    for (const { stderr } of outcomes) expect(stderr).not.toMatch(/p4ssword|token-only/);
    expect(outcomes.map(({ code }) => code)).toEqual([1, 1]);
  });
});
