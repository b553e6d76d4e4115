// The genuine wrangler, uploading to a stand-in for Cloudflare's API.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { deployDashboard } from './dashboard.ts';

const SITE = { account: 'fedcba9876543210fedcba9876543210', project: 'mqtt-saas-test', branch: 'main' };
const TOKEN = 'token-of-the-test';

let folder: string;
let api: Server;
const requests: { method: string; path: string; token: string; body: string }[] = [];
let isRefused = false;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'site-'));
  mkdirSync(join(folder, 'files'));
  writeFileSync(join(folder, 'files/index.html'), '<title>dashboard</title>');
  api = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    const body = Buffer.concat(chunks).toString();
    requests.push({ method, path: url, token: headers.authorization ?? '', body });
    const result = answer(url, body);
    const errors = isRefused ? [{ code: 10000, message: 'Authentication error' }] : [];
    response.writeHead(isRefused ? 403 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ success: !isRefused, errors, messages: [], result }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => api.once('listening', resolve));
});
afterAll(() => {
  api.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The part of https://developers.cloudflare.com/api/resources/pages/ that an upload needs. */
function answer(path: string, body: string): unknown {
  if (path.endsWith('/upload-token')) {
    return { jwt: `x.${Buffer.from(JSON.stringify({ exp: 2 ** 33 })).toString('base64url')}.x` };
  }
  if (path.endsWith('/check-missing')) return JSON.parse(body).hashes;
  if (path.includes('/deployments')) {
    return { id: 'd1', url: 'https://x.pages.dev', aliases: [], latest_stage: { name: 'deploy', status: 'success' } };
  }
  if (path.includes('/pages/projects/')) {
    return { name: SITE.project, production_branch: 'main', deployment_configs: { production: {}, preview: {} } };
  }
  return null;
}

/** Does not block the event loop: the stand-in must answer while the upload runs. @returns the message of its failure. */
function uploadWith(env: Record<string, string>): Promise<string | undefined> {
  const program = `
    const { upload } = await import(${JSON.stringify(new URL('./dashboard.ts', import.meta.url).href)});
    const { parentPort, workerData } = await import('node:worker_threads');
    try { upload(...workerData); parentPort.postMessage(undefined); } catch (error) { parentPort.postMessage(error.message); }`;
  const from = { dashboard: join(ROOT, 'apps/dashboard'), files: join(folder, 'files') };
  const { port } = api.address() as AddressInfo;
  const all = {
    ...process.env,
    CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}/client/v4`,
    CLOUDFLARE_API_TOKEN: TOKEN,
    // Its caches and logs, too.
    HOME: folder,
    ...env,
  };
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), {
    workerData: [SITE, from, all],
  });
  return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
}

test('the files, the functions and the environment’s variables are uploaded as the live site', async () => {
  expect(
    await uploadWith({ SITE_BROKER_HOST: 'mqtt.example.com', SITE_BROKER_CA: 'two\nlines', OTHER: 'not-the-site’s' }),
  ).toBe(undefined);
  const file = requests.find(({ path }) => path.endsWith('/assets/upload'));
  expect(Buffer.from(JSON.parse(file?.body ?? '[]')[0].value, 'base64').toString()).toBe('<title>dashboard</title>');
  const deployment = requests.find(({ method, path }) => method === 'POST' && path.endsWith('/deployments'));
  expect(deployment?.path).toBe(`/client/v4/accounts/${SITE.account}/pages/projects/${SITE.project}/deployments`);
  expect(deployment?.token).toBe(`Bearer ${TOKEN}`);
  expect(deployment?.body).toMatch(/name="branch"\s+main\s/);
  expect(deployment?.body).toContain('"routePath": "/api/config"');
  const bindings = JSON.parse(/"bindings":(\[.*?\])/.exec(deployment?.body ?? '')?.[1] ?? '[]');
  expect(bindings).toEqual([
    { name: 'BROKER_HOST', type: 'plain_text', text: 'mqtt.example.com' },
    { name: 'BROKER_CA', type: 'plain_text', text: 'two\nlines' },
  ]);
});

test('the pages may reach the environment’s API, which has another origin', async () => {
  requests.length = 0;
  expect(await uploadWith({ SITE_SUPABASE_URL: 'https://abcdefghijklmnopqrst.supabase.co/' })).toBe(undefined);
  const deployment = requests.find(({ method, path }) => method === 'POST' && path.endsWith('/deployments'));
  expect(deployment?.body).toMatch(/name="_headers"/);
  expect(deployment?.body).toContain("connect-src 'self' https://abcdefghijklmnopqrst.supabase.co;");
});

test('a refusal fails the upload, with Cloudflare’s message and without the token', async () => {
  isRefused = true;
  const message = await uploadWith({});
  expect(message).toMatch(/^the dashboard was not deployed:\n.*Authentication error/s);
  expect(message).not.toContain(TOKEN);
});

test('without a token nothing is built', async () => {
  await expect(deployDashboard(SITE, {})).rejects.toThrow(/^CLOUDFLARE_API_TOKEN is not set: a token that may edit/);
});
