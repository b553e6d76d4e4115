// The local site serves as Cloudflare Pages does.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { headersFor, parseHeadersFile } from './headers-file.ts';
import { Site } from './site.ts';

let dir: string;
let site: Site;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-site-'));
  mkdirSync(join(dir, 'site/admin'), { recursive: true });
  const files = {
    'secret.txt': 'not of the site',
    'site/index.html': 'home',
    'site/sign-in.html': 'sign in',
    'site/admin/devices.html': 'devices',
    'site/404.html': 'nothing here',
    'site/app.js': 'let x = 1;'.repeat(100),
    'site/_headers': '/*\n  X-Test: yes\n/admin/*\n  ! X-Test\n  X-Admin: yes\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  site = new Site(join(dir, 'site'));
});
afterAll(() => rmSync(dir, { recursive: true }));

async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const url = `http://127.0.0.1${path}`;
  const answer = site.serve(new Request(url, { headers, method }), path.split('?')[0]!);
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

test('addresses have no ".html", and each page has one', async () => {
  expect(await get('/')).toMatchObject({ status: 200, text: 'home' });
  expect(await get('/admin/devices?id=1')).toMatchObject({ status: 200, text: 'devices' });
  const moved = await get('/admin/devices.html?id=1');
  expect(moved.status).toBe(308);
  expect(moved.headers.get('location')).toBe('/admin/devices?id=1');
  expect((await get('/index.html')).headers.get('location')).toBe('/');
  expect((await get('/sign-in/')).headers.get('location')).toBe('/sign-in');
});

test('a missing page is answered with the 404 page; nothing outside the site is ever served', async () => {
  for (const path of ['/none', '/_headers', '/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/%00', '/%']) {
    expect(await get(path), path).toMatchObject({ status: 404, text: 'nothing here' });
  }
  expect((await get('/', {}, 'POST')).status).toBe(405);
});

test('headers follow the rules in order, and can be removed again', async () => {
  expect((await get('/')).headers.get('x-test')).toBe('yes');
  expect((await get('/none')).headers.get('x-test')).toBe('yes');
  const { headers } = await get('/admin/devices');
  expect([headers.get('x-test'), headers.get('x-admin')]).toEqual([null, 'yes']);
  const twice = parseHeadersFile('/*\n  A: 1\n/x\n  A: 2\n');
  expect(headersFor(twice, '/x').get('a')).toBe('1, 2');
});

test('a line that Pages would drop, or this reader does not support, is an error with its number', () => {
  expect(() => parseHeadersFile(`/*\n  A: ${'x'.repeat(2000)}\n`)).toThrow('_headers line 2: 2005 characters');
  expect(() => parseHeadersFile('/:name\n  A: 1\n')).toThrow('line 1');
  expect(() => parseHeadersFile('  A: 1\n')).toThrow('a header before any path');
  expect(() => parseHeadersFile('/*\n  no colon\n')).toThrow('line 2');
});

test('compressed on request, and not sent again if unchanged', async () => {
  const zipped = await get('/app.js', { 'accept-encoding': 'gzip, br' });
  expect(zipped.headers.get('content-encoding')).toBe('gzip');
  expect(Number(zipped.headers.get('content-length'))).toBeLessThan(100);
  const etag = zipped.headers.get('etag')!;
  expect(await get('/app.js', { 'if-none-match': etag })).toMatchObject({ status: 304, text: '' });
  writeFileSync(join(dir, 'site/app.js'), 'changed');
  expect(await get('/app.js', { 'if-none-match': etag })).toMatchObject({ status: 200, text: 'changed' });
});
