// `ops render kubernetes` in a folder: what it asks for, what it makes, and what it leaves alone.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { changed, PROD } from '../../provisioning/kubernetes/testing/settings.ts';
import { renderManifests } from '../render.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'render-kubernetes-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});
const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

test('asks for settings, and names what is wrong with them', async () => {
  await expect(renderManifests(folder)).rejects.toThrow('settings.yaml: fill it in');
  put('settings.yaml', changed({ host: 'nowhere in particular' }));
  await expect(renderManifests(folder)).rejects.toThrow(/settings\.yaml: 1 setting.*\n {2}host: must be a DNS name/);
  expect(readdirSync(folder)).toEqual(['settings.yaml']);
});

test('makes every file that the manifests name, for its owner only, and the same no second time', async () => {
  put('settings.yaml', changed({}));
  const made = await renderManifests(folder);
  const { secretGenerator } = parse(read('kustomization.yaml')) as { secretGenerator: { files: string[] }[] };
  const named = new Set(secretGenerator.flatMap(({ files }) => files.map((file) => file.split('=').at(-1)!)));
  for (const file of named) expect(statSync(join(folder, file)).mode & 0o777, file).toBe(0o600);
  expect(named.size).toBeGreaterThan(15);
  expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700);
  for (const name of made) {
    const text = read(join('secrets', name)).trimEnd();
    if (text !== '') expect(read('platform.yaml'), name).not.toContain(text);
  }
  const key = read('secrets/ingest.key');
  expect(await renderManifests(folder)).toEqual([]);
  expect(read('secrets/ingest.key')).toBe(key);
});

test('asks in prod for what only the operator has, and gives each role an address of the database', async () => {
  put('settings.yaml', changed(PROD));
  mkdirSync(join(folder, 'secrets'));
  await expect(renderManifests(folder)).rejects.toThrow('secrets/database.password is missing');
  put('secrets/database.password', 'given');
  await expect(renderManifests(folder)).rejects.toThrow('secrets/database-ca.crt is missing');
  put('secrets/database-ca.crt', 'given');
  await renderManifests(folder);
  expect(read('secrets/ingest.url')).toMatch(
    /^postgres:\/\/mqtt_ingest:\S+@postgres\.example\.com:5432\/postgres\?sslmode=verify-full\n$/,
  );
  expect(read('secrets/database-ca.crt')).toBe('given');
});
