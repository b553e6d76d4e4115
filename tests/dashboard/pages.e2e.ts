// The built site under Cloudflare's own development server: headers, Pages Functions and pages as Pages serves them.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { stopChild } from '../../lab/child.ts';
import { freePort } from '../../lab/ports.ts';

const BINDINGS = {
  QUESTIONS_URL: 'https://questions.example',
  SUPABASE_PUBLISHABLE_KEY: 'sb_publishable_example',
  BROKER_HOST: 'mqtt.example.com',
  BROKER_CA: '-----BEGIN CERTIFICATE-----\\nabc\\n-----END CERTIFICATE-----',
  ENVIRONMENT: 'dev',
};

let url: string;
let stop: () => Promise<void>;

beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-pages-'));
  const port = await freePort();
  const bindings = { ...BINDINGS, SUPABASE_URL: inject('platform').url };
  const child = spawn(
    join(ROOT, 'node_modules/.bin/wrangler'),
    [
      'pages',
      'dev',
      '--ip',
      '127.0.0.1',
      '--port',
      String(port),
      '--persist-to',
      dir,
      '--show-interactive-dev-session=false',
      '--binding',
      ...Object.entries(bindings).map(([name, value]) => `${name}=${value}`),
    ],
    {
      cwd: join(ROOT, 'apps/dashboard'),
      env: { ...process.env, CI: '1', HOME: dir },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
  stop = async () => {
    await stopChild(child, 'SIGINT');
    rmSync(dir, { recursive: true, force: true });
  };
  url = `http://127.0.0.1:${port}`;
  while (!said.includes('Ready on')) {
    if (child.exitCode !== null) throw new Error(`wrangler ended:\n${said}`);
    await sleep(100);
  }
});
afterAll(() => stop?.());

test('a page has the headers of `_headers`, and so has the 404 page', async () => {
  for (const [path, status] of [
    ['/sign-in', 200],
    ['/no-such-page', 404],
  ] as const) {
    const answer = await fetch(url + path);
    expect(answer.status).toBe(status);
    const local = await fetch(inject('platform').url + path);
    for (const name of [
      'content-security-policy',
      'strict-transport-security',
      'permissions-policy',
      'referrer-policy',
    ]) {
      expect(answer.headers.get(name), name).not.toBeNull();
      expect(answer.headers.get(name), name).toBe(local.headers.get(name));
    }
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await answer.text()).toBe(await local.text());
  }
  const script = /src="(\/_next\/static\/[^"]+)"/.exec(await (await fetch(`${url}/sign-in`)).text())![1]!;
  expect((await fetch(url + script)).headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
});

test('the Pages Functions answer from the bindings', async () => {
  expect(await (await fetch(`${url}/api/config`)).json()).toEqual({
    supabaseUrl: inject('platform').url,
    publishableKey: BINDINGS.SUPABASE_PUBLISHABLE_KEY,
    brokerHost: BINDINGS.BROKER_HOST,
    brokerPort: 8883,
    hasCa: true,
    sendsMail: true,
    hasSecondFactor: true,
    hasQuestions: true,
    environment: 'dev',
  });
  const ca = await fetch(`${url}/api/ca.pem`);
  expect(ca.headers.get('content-disposition')).toContain('ca.pem');
  expect(await ca.text()).toBe('-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n');
  const health = await fetch(`${url}/api/health`);
  // The key is not the platform's, and that is an answer, too.
  expect([health.status, await health.json()]).toEqual([
    200,
    { status: 'ok', dependencies: { auth: 'ok', rest: 'ok' } },
  ]);
});
