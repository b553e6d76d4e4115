// `ops failover` before it changes anything: what it says of both machines, and what it does not begin. The fail-over itself is drilled under
// load: tests/failover.
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { runOps } from './testing/run.ts';

const MACHINES = {
  primary: { host: 'mqtt-primary.example.com', address: '127.0.0.11' },
  standby: { host: 'mqtt-standby.example.com', address: '127.0.0.12' },
};
let folder: string;
let cloudflare: Server;
let changes: string[];
let outputs: Record<string, unknown>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'failover-'));
  const pulumi = join(folder, 'pulumi');
  writeFileSync(
    pulumi,
    `#!/bin/sh\ncase "$1" in config) echo "$*" >>"${folder}/configured" ;; *) cat "${folder}/outputs" ;; esac\n`,
  );
  chmodSync(pulumi, 0o755);
  cloudflare = createServer((request, response) => {
    if (request.method !== 'GET') changes.push(`${request.method} ${request.url}`);
    const result = [{ id: '1', content: MACHINES.primary.address, ttl: 60 }];
    response.end(JSON.stringify({ success: true, errors: [], result }));
  }).listen(0, '127.0.0.1');
  await once(cloudflare, 'listening');
});
afterAll(() => {
  cloudflare.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  changes = [];
  outputs = { brokerHost: 'mqtt.example.com', brokerCaCertificate: null, brokerMachines: MACHINES };
});

const failover = (args: string[], more: Record<string, string> = {}) => {
  writeFileSync(join(folder, 'outputs'), JSON.stringify(outputs));
  return runOps(['failover', '--target', 'prod', ...args], {
    PATH: `${folder}${delimiter}${process.env.PATH}`,
    DATABASE_URL: 'postgres://postgres:hunter2@127.0.0.1:1/postgres',
    CLOUDFLARE_API_TOKEN: 'token',
    CLOUDFLARE_BASE_URL: `http://127.0.0.1:${(cloudflare.address() as AddressInfo).port}`,
    ...more,
  });
};

it('says where the name leads, and which machine takes devices', async () => {
  const { code, out } = await failover([]);
  expect(out).toBe(`mqtt.example.com leads to the primary: 127.0.0.11, for 60 s
primary  mqtt-primary.example.com  127.0.0.11  takes no device: connect ECONNREFUSED 127.0.0.11:8883
standby  mqtt-standby.example.com  127.0.0.12  takes no device: connect ECONNREFUSED 127.0.0.12:8883
`);
  expect(code).toBe(1);
});

it('begins nothing when the other machine takes no device', async () => {
  const { code, out, err } = await failover(['--to', 'standby', '--confirm', 'prod']);
  expect(out).toBe('This leads mqtt.example.com from the primary (127.0.0.11) to the standby (127.0.0.12).\n');
  expect(err).toMatch(/^error: the standby takes no device: connect ECONNREFUSED .*\. Nothing was changed$/m);
  expect([code, changes, existsSync(join(folder, 'configured'))]).toEqual([1, [], false]);
});

it.each([
  ['unconfirmed', ['--to', 'standby'], 'to confirm, add --confirm prod'],
  ['confirmed for another', ['--to', 'standby', '--confirm', 'dev'], 'not confirmed: "dev" is not prod'],
])('begins nothing %s', async (_, args, why) => {
  const { code, err } = await failover(args);
  expect([code, err.trim(), changes]).toEqual([1, `error: ${why}`, []]);
});

it('says what is not there: a standby, a token, or a second broker at all', async () => {
  expect((await failover([], { CLOUDFLARE_API_TOKEN: '' })).err).toContain(
    'CLOUDFLARE_API_TOKEN is not set: set it to',
  );
  delete outputs.brokerMachines;
  expect((await failover([])).err).toContain('stack prod has no standby broker: set mqtt-saas:standbyBroker, then');
  const { code, err } = await runOps(['failover', '--target', 'prod', '--to', 'mars']);
  expect([code, err]).toEqual([2, expect.stringContaining('Allowed choices are primary, standby')]);
});
