// What the page "Use your data" shows, run against the real API and database: each program with a real token, each query of the Grafana
// dashboard as the reader of a tenant.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { curlCommand, nodeProgram, pythonProgram } from '../apps/dashboard/features/data/examples.ts';
import grafana from '../apps/dashboard/features/data/grafana.json' with { type: 'json' };
import { generateKey } from '../domain/credentials.ts';
import { freePort } from '../lab/ports.ts';
import { serveLoopback } from '../local/front-door/http.ts';
import { connect } from '../provisioning/database/connect.ts';
import { makeReader } from '../provisioning/database/readers.ts';
import { type ApiRig, startApiRig } from './support/api-rig.ts';

let rig: ApiRig;
let admin: Client;
let dir: string;
const tenants: Record<string, { id: string; device: string; token: string }> = {};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-data-out-'));
  rig = await startApiRig();
  admin = await connect(rig.databaseUrl);
  for (const slug of ['acme', 'globex']) tenants[slug] = await makeTenant(slug);
});
afterAll(async () => {
  await admin?.end();
  await rig?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** With 1,200 readings of one device, an alert, and a token. */
async function makeTenant(slug: string) {
  const one = async (sql: string, ...values: unknown[]) => (await admin.query(sql, values)).rows[0]?.id as string;
  const id = await one('insert into public.tenants (slug, name) values ($1, $1) returning id', slug);
  const device = await one(
    "insert into public.devices (tenant_id, slug, name) values ($1, 'sensor-1', 'Sensor') returning id",
    id,
  );
  const rule = await one(
    `insert into public.alert_rules (tenant_id, name, kind, field, comparison, threshold, window_minutes)
     values ($1, 'hot', 'threshold', 'temperature', 'above', 1, 5) returning id`,
    id,
  );
  await one(
    `insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, message)
     values ($1, $2, $3, now(), now(), 'hot in ' || $4)`,
    id,
    rule,
    device,
    slug,
  );
  await one(
    `insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
     select $1, $2, now() - make_interval(secs => 10 * n), $3 || n, jsonb_build_object('temperature', n, 'of', $3::text)
     from generate_series(1, 1200) as n`,
    id,
    device,
    slug,
  );
  await one(
    'insert into public.device_status (tenant_id, device_id, last_received_at, fields) values ($1, $2, now(), \'{"temperature": [1, 0, 0]}\')',
    id,
    device,
  );
  await one(
    `insert into public.telemetry_rollups (tenant_id, device_id, step, bucket, readings, fields, is_whole)
     values ($1, $2, 86400, date_trunc('day', now() - interval '200 days', 'UTC'), 10, '{"temperature": [10, 1, 5, 9, 9]}', true)`,
    id,
    device,
  );
  const token = `mst_${randomBytes(32).toString('hex')}`;
  await one(
    `insert into public.api_tokens (tenant_id, name, scopes, token_hash, expires_at)
     values ($1, 'Test', '{devices,telemetry,alerts}', $2, now() + interval '1 day')`,
    id,
    createHash('sha256').update(token).digest(),
  );
  return { id, device, token };
}

/** Runs a program of the page with acme's token in its environment. */
async function run(command: string, args: string[], token = tenants.acme!.token) {
  const child = spawn(command, args, {
    cwd: dir,
    env: { PATH: process.env.PATH, MQTT_SAAS_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { out, err, code: await closed };
}

describe('a program', () => {
  const place = (supabaseUrl = rig.frontDoor.url) => ({ supabaseUrl, publishableKey: rig.publishableKey });
  const programs: Record<string, (url?: string) => [command: string, args: string[]]> = {
    curl: (url) => ['bash', ['-c', curlCommand(place(url), 'sensor-1')]],
    Python: (url) => ['python3', ['-c', pythonProgram(place(url), 'sensor-1')]],
    'Node.js': (url) => {
      writeFileSync(join(dir, 'readings.mjs'), nodeProgram(place(url), 'sensor-1'));
      return [process.execPath, ['readings.mjs']];
    },
  };

  test.each(Object.keys(programs))('in %s reads the tenant’s readings, and no other’s', async (name) => {
    const { out, err, code } = await run(...programs[name]!());
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out.match(/"acme"/g)).toHaveLength(name === 'curl' ? 1000 : 1200);
    expect(out).not.toContain('globex');
  });

  test.each(['Python', 'Node.js'])('in %s goes on when its token may be used again', async (name) => {
    const calls = (n: number) =>
      admin.query('update public.api_tokens set last_used_at = now(), calls = $1 where tenant_id = $2', [
        n,
        tenants.acme!.id,
      ]);
    const statuses: number[] = [];
    const port = await freePort();
    const door = await serveLoopback(port, async (request) => {
      const isFirst = statuses.length === 0;
      if (isFirst) await calls(60);
      const headers = Object.fromEntries(
        ['apikey', 'x-api-token', 'content-type'].map((header) => [header, request.headers.get(header) ?? '']),
      );
      const { pathname } = new URL(request.url);
      const answer = await fetch(rig.frontDoor.url + pathname, { method: 'POST', headers, body: await request.text() });
      statuses.push(answer.status);
      if (isFirst) await calls(0);
      return new Response(await answer.text(), { status: answer.status });
    });
    const { out, code } = await run(...programs[name]!(`http://127.0.0.1:${port}`));
    door.close();
    expect(statuses).toEqual([429, 200, 200, 200]);
    expect([code, out.match(/"acme"/g)?.length]).toEqual([0, 1200]);
  });

  test.each(Object.keys(programs))(
    'in %s fails with a token that does not hold, and does not repeat it',
    async (name) => {
      const { out, err, code } = await run(...programs[name]!(), 'mst_revoked');
      expect(code).not.toBe(0);
      expect(out + err).not.toContain('mst_revoked');
      expect(out + err).toContain('this API token is not valid');
    },
  );
});

describe('the API with a token', () => {
  const ask = async (path: string, init: RequestInit & { token?: string } = {}) => {
    const { token = tenants.acme!.token, ...rest } = init;
    const headers = { apikey: rig.publishableKey, 'x-api-token': token, 'content-type': 'application/json' };
    const answer = await fetch(`${rig.frontDoor.url}/rest/v1/${path}`, { headers, ...rest });
    return { status: answer.status, body: (await answer.json()) as { message?: string } };
  };
  const call = (name: string, args: object = {}, token?: string) =>
    ask(`rpc/${name}`, { method: 'POST', body: JSON.stringify(args), ...(token && { token }) });

  test('answers its functions', async () => {
    expect((await call('read_token')).body).toMatchObject([{ tenant: 'acme', name: 'Test' }]);
    expect((await call('read_devices')).body).toMatchObject([{ device: 'sensor-1' }]);
    expect((await call('read_alerts')).body).toMatchObject([{ message: 'hot in acme' }]);
  });

  test('refuses tables, writing, other functions, GET and other tokens', async () => {
    const refused = await Promise.all([
      ask('telemetry?limit=1'),
      ask('devices', { method: 'POST', body: JSON.stringify({ tenant_id: tenants.acme!.id, slug: 'x', name: 'x' }) }),
      ask('api_tokens?select=token_hash'),
      call('rename_device', { device_id: tenants.acme!.device, name: 'x' }),
      call('my_tenants'),
      call('read_devices', {}, 'mst_guessed'),
      // A call notes its use, which PostgREST lets no GET do.
      ask('rpc/read_devices'),
    ]);
    expect(refused.map(({ status }) => status >= 400)).toEqual(refused.map(() => true));
    expect(JSON.stringify(refused)).not.toContain('sensor-1');
  });

  test('says when a token has been used too often', async () => {
    await admin.query('update public.api_tokens set last_used_at = now(), calls = 60 where tenant_id = $1', [
      tenants.globex!.id,
    ]);
    const { status, body } = await call('read_devices', {}, tenants.globex!.token);
    expect([status, body.message]).toEqual([429, 'this API token was used 60 times in this minute']);
  });
});

describe('the Grafana dashboard', () => {
  /** Macros and variables as Grafana's PostgreSQL data source expands them (https://grafana.com/docs/grafana/latest/datasources/postgres/). */
  const expanded = (sql: string) =>
    sql
      .replaceAll('$__timeFrom()', "'2000-01-01T00:00:00Z'")
      .replaceAll('$__timeTo()', "'2100-01-01T00:00:00Z'")
      .replaceAll(/\$__timeFilter\(([\w.]+)\)/g, "$1 BETWEEN '2000-01-01T00:00:00Z' AND '2100-01-01T00:00:00Z'")
      .replaceAll(/\$\{device:sqlstring\}/g, `'${tenants.globex!.device}'`)
      .replaceAll(/\$\{field:sqlstring\}/g, "'temperature'");
  const queries = [
    ...grafana.templating.list.map(({ name, query }) => ({ title: `variable ${name}`, sql: query })),
    ...grafana.panels.map(({ title, targets }) => ({ title, sql: targets[0]!.rawSql })),
  ];

  test.each(queries)('$title: answered to the tenant’s reader, with its own rows alone', async ({ sql }) => {
    expect(expanded(sql)).not.toMatch(/\$/);
    const rowsAs = async (slug: string) => {
      const password = generateKey();
      const user = await makeReader(admin, slug, password);
      const reader = await connect(Object.assign(new URL(rig.databaseUrl), { username: user, password }).href);
      try {
        return (await reader.query(expanded(sql))).rows;
      } finally {
        await reader.end();
      }
    };
    const rows = await rowsAs('globex');
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain('acme');
    if (sql.includes('device:sqlstring')) expect(await rowsAs('acme')).toEqual([]);
    // Back to where there are roll-ups alone.
    if (sql.includes('device_chart')) expect(rows.map(({ highest }) => highest)).toEqual([9, 1200]);
  });
});
