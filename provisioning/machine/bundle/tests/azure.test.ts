import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AzureStandIn, startAzure } from '../testing/azure-stand-in.ts';
import { programsFolder } from '../testing/programs.ts';

const BIN = join(programsFolder(), 'bin');

const run = promisify(execFile);

let azure: AzureStandIn;
let folder: string;
beforeEach(async () => {
  azure = await startAzure();
  folder = mkdtempSync(join(tmpdir(), 'azure-'));
});
afterEach(async () => {
  await azure.stop();
  rmSync(folder, { recursive: true });
});

/** Runs a line of Python with the library imported as `azure` and `u` the address; what it prints, or its last error. */
async function python(line: string, ...args: string[]): Promise<{ out: string; err: string }> {
  const program = `import sys; sys.path.insert(0, sys.argv.pop(1)); from mqtt_saas import azure; u = sys.argv[1]; ${line}`;
  const env = {
    ...process.env,
    METADATA_ENDPOINT: azure.url,
    PYTHONDONTWRITEBYTECODE: '1',
    http_proxy: 'http://127.0.0.1:9',
  };
  return run('/usr/bin/python3', ['-B', '-c', program, BIN, azure.url, ...args], { env }).then(
    ({ stdout, stderr }) => ({ out: stdout.trim(), err: stderr.trim() }),
    ({ stdout, stderr }: { stdout: string; stderr: string }) => ({ out: stdout.trim(), err: stderr.trim() }),
  );
}

describe('azure.py', () => {
  it('reads secrets byte for byte, and asks for its token once', async () => {
    azure.secrets.set('a', 'KEY\nof it\n').set('b', 'ü');
    expect((await python('print([azure.vault_secret(u, "a"), azure.vault_secret(u + "/", "b")])')).out).toBe(
      "['KEY\\nof it\\n', 'ü']",
    );
    expect(azure.requests).toEqual(['GET metadata/identity/oauth2/token', 'GET secrets/a', 'GET secrets/b']);
  });

  it('gets, puts and lists blobs, over several pages', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, Buffer.from([0, 255, 10]));
    const names = ['s/2', 's/1', 'other', 's/3'];
    const puts = names.map((name) => `azure.blob_put_file(u + "/c/${name}", sys.argv[2])`).join('; ');
    await python(puts, file);
    expect(azure.blobs.get('c/s/2')).toEqual(Buffer.from([0, 255, 10]));
    const list = await python(
      'print([(b["name"], b["size"], b["last_modified"].isoformat()) for b in azure.blob_list(u + "/c", "s/")])',
    );
    const date = '2026-11-20T01:02:03+00:00';
    expect(list.out).toBe(`[('s/1', 3, '${date}'), ('s/2', 3, '${date}'), ('s/3', 3, '${date}')]`);
    expect((await python('print(azure.blob_get(u + "/c/other"))')).out).toBe("b'\\x00\\xff\\n'");
    await python('azure.blob_get_to_file(u + "/c/other", sys.argv[2])', join(folder, 'got'));
    expect(readFileSync(join(folder, 'got'))).toEqual(Buffer.from([0, 255, 10]));
    expect((statSync(join(folder, 'got')).mode & 0o777).toString(8)).toBe('600');
  });

  it('sends custom metrics of the machine that the metadata service names', async () => {
    const send = async (minutes: number, change = 'pass') => {
      const value = 'dict(min=1, max=1, sum=1, count=1)';
      const lines = [
        'import datetime, os; os.environ["MONITOR_ENDPOINT"] = u',
        `then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=${minutes})`,
        `base = dict(metric="Up", namespace="MqttSaas", series=[${value}])`,
        change,
        'p = dict(time=then.strftime("%Y-%m-%dT%H:%M:%SZ"), data=dict(baseData=base))',
        'azure.post_metrics(azure.instance(), [p, p])',
      ];
      return (await python(lines.join('; '))).err;
    };
    expect(await send(0)).toBe('');
    expect([...azure.metrics]).toEqual([['MqttSaas Up', 1]]);
    // What Azure refuses.
    expect(await send(21)).toMatch(/\/metrics answered 400$/);
    expect(await send(-5)).toMatch(/answered 400$/);
    expect(await send(0, 'base["namespace"] = "Microsoft.Compute/virtualMachines"')).toMatch(/answered 400$/);
    const many = 'base["dimNames"] = base["series"][0]["dimValues"] = list("abcdefghij")';
    expect(await send(0, many)).toMatch(/answered 400$/);
    azure.refusals = 1;
    expect(await send(0)).toMatch(/answered 403 \(AuthorizationPermissionMismatch\)$/);
  });

  it('tries again as often as it was told, and says each failure', async () => {
    azure.secrets.set('a', 'value');
    azure.refusals = 2;
    const line = 'print(azure.vault_secret(u, "a", attempts=3, pause=0))';
    const refusal = `${azure.url}/secrets/a answered 403 (AuthorizationPermissionMismatch)`;
    expect(await python(line)).toEqual({ out: 'value', err: `attempt 1 of 3: ${refusal}\nattempt 2 of 3: ${refusal}` });
    azure.refusals = 2;
    expect((await python('azure.vault_secret(u, "a", attempts=2, pause=0)')).err).toMatch(
      /AzureError: .* answered 403/,
    );
  });

  it('names address and status, never a token or a value', async () => {
    azure.secrets.set('a', 'p4ssword');
    const tries = [
      'azure.vault_secret(u, "none")',
      'azure.blob_get(u + "/c/none")',
      'azure.blob_put_file(u + "/c/x", "/nowhere")',
      'azure.vault_secret("http://127.0.0.1:9", "a")',
      'azure.blob_get(u + "/secrets/a")',
    ];
    const said = await Promise.all(tries.map(async (line) => (await python(line)).err));
    for (const err of said) expect(err).not.toMatch(/p4ssword|token-only/);
    expect(said[0]).toMatch(/AzureError: http:\S+\/secrets\/none answered 404$/);
    expect(said[1]).toMatch(/AzureError: http:\S+\/c\/none answered 404 \(BlobNotFound\)$/);
    expect(said[3]).toMatch(/127\.0\.0\.1:9\/secrets\/a cannot be reached: .*refused/);
    expect(said[4]).toMatch(/answered 401$/);
  });

  it('leaves no half file, and takes its token nowhere else', async () => {
    const visitors: unknown[] = [];
    const careless = createServer((request, response) => {
      if (request.url === '/short')
        response.writeHead(200, { 'Content-Length': 10 }).write('half', () => response.destroy());
      else if (request.url === '/away') response.writeHead(302, { Location: '/caught' }).end();
      else visitors.push(request.headers.authorization);
    });
    careless.listen(0, '127.0.0.1');
    await once(careless, 'listening');
    const address = `http://127.0.0.1:${(careless.address() as AddressInfo).port}`;
    const short = await python(
      'azure.blob_get_to_file(sys.argv[2] + "/short", sys.argv[3])',
      address,
      join(folder, 'x'),
    );
    const away = await python('azure.blob_get(sys.argv[2] + "/away")', address);
    careless.close();
    careless.closeAllConnections();
    expect(short.err).toMatch(/AzureError: .*\/short cannot be reached/);
    expect(existsSync(join(folder, 'x'))).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
    expect(away.err).toMatch(/AzureError: .*\/away answered 302/);
    expect(visitors).toEqual([]);
  });
});
