// Limits that more than one room knows: what the broker takes, ingest keeps; what ingest makes and the pages ask for, the database takes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { MOST_REDRIVES } from '../apps/dashboard/features/ingest/dead-letters.ts';
import { ROOT } from '../bootstrap/root.mjs';
import { MAX_LASTING_MINUTES } from '../domain/alert-rules.ts';
import { isSlug, MAX_NAME_LENGTH, MAX_SLUG_LENGTH } from '../domain/identifiers.ts';
import { INGEST_RUN } from '../domain/ingest-run.ts';
import { bucketedId, contentHash } from '../domain/message-identity.ts';
import { DEFAULT_LIMITS, MAX_ID_BYTES, MAX_PAYLOAD_BYTES, MAX_READINGS } from '../domain/messages-limits.ts';
import { MAX_PACKET_BYTES } from '../functions/broker/framer.ts';
import { readIngestSettings } from '../functions/settings/ingest.ts';
import type { RunningPostgres } from '../lab/postgres.ts';
import { startScratchPostgres } from '../lab/scratch-postgres.ts';
import { type BrokerConfigOptions, renderBrokerConfig } from '../provisioning/broker/config.ts';
import { connect } from '../provisioning/database/connect.ts';
import { parseConfig } from '../stacks/configuration/parse.ts';

/** Dev's configuration with one key changed. @throws Error with what is wrong about it. */
const configured = (key: string, value: number) => parseConfig({ ...dev(), [`mqtt-saas:${key}`]: value }, 'dev');
const dev = () => parse(readFileSync(join(ROOT, 'Pulumi.dev.yaml'), 'utf8')).config as Record<string, unknown>;
const beyond = (most: number) => new RegExp(`is not a whole number from \\d+ to ${most}\\.`);

describe('what the broker takes, ingest keeps', () => {
  const options: BrokerConfigOptions = {
    port: 8883,
    certificateFile: '/c',
    keyFile: '/k',
    gateFile: '/g',
    registryFile: '/r',
    stampKeyFile: '/s',
    persistenceDir: '/d',
  };
  const numberIn = (text: string, setting: string) => Number(new RegExp(`^${setting} (\\d+)$`, 'm').exec(text)?.[1]);

  test('a configuration may narrow the largest payload, and cannot widen it', () => {
    const most = MAX_PAYLOAD_BYTES / 1024;
    expect(configured('brokerMaxMessageKb', most).brokerMaxMessageKb).toBe(most);
    expect(() => configured('brokerMaxMessageKb', most + 1)).toThrow(beyond(most));
    expect(() => configured('queueMessageBytes', MAX_PAYLOAD_BYTES + 1)).toThrow(beyond(MAX_PAYLOAD_BYTES));
  });

  test("nor can the broker's own options", () => {
    expect(numberIn(renderBrokerConfig(options), 'plugin_opt_max_payload')).toBe(MAX_PAYLOAD_BYTES);
    expect(() => renderBrokerConfig({ ...options, maxMessageBytes: MAX_PAYLOAD_BYTES + 1 })).toThrow('maxMessageBytes');
  });

  test('the largest packet that the broker takes is read whole', () => {
    const largest = numberIn(renderBrokerConfig(options), 'max_packet_size');
    expect(largest).toBeGreaterThan(MAX_PAYLOAD_BYTES);
    expect(largest).toBeLessThanOrEqual(MAX_PACKET_BYTES);
  });
});

describe('what ingest makes and the pages ask for, the database takes', () => {
  let postgres: RunningPostgres;
  let admin: Client;
  let tenant: string;
  beforeAll(async () => {
    postgres = await startScratchPostgres();
    admin = await connect(postgres.url);
    const { rows } = await admin.query("insert into public.tenants (slug, name) values ('acme', 'Acme') returning id");
    tenant = rows[0].id;
    await admin.query('insert into public.tenant_limits (tenant_id) values ($1)', [tenant]);
  });
  afterAll(async () => {
    await admin?.end();
    await postgres?.stop();
  });

  test.each([
    ['max_payload_bytes', DEFAULT_LIMITS.maxPayloadBytes],
    ['max_depth', DEFAULT_LIMITS.maxDepth],
    ['max_ahead_seconds', DEFAULT_LIMITS.maxAheadSeconds],
  ])('the widest %s of a tenant is the default', async (column, widest) => {
    const set = (value: number) =>
      admin.query(`update public.tenant_limits set ${column} = $2 where tenant_id = $1`, [tenant, value]);
    await set(widest);
    await expect(set(widest + 1)).rejects.toMatchObject({ code: '23514' });
  });

  test.each(['public.telemetry', 'ingest.untimed'])('%s has room for every message id', async (table) => {
    const content = contentHash('topic', Buffer.from('{}'));
    const ids = ['x'.repeat(MAX_ID_BYTES), content, bucketedId(content, Number.MAX_SAFE_INTEGER)];
    const { rows } = await admin.query<{ definition: string }>(
      `select pg_get_constraintdef(oid) as definition from pg_constraint
       where conrelid = $1::regclass and contype = 'c' and pg_get_constraintdef(oid) like '%octet_length(message_id)%'`,
      [table],
    );
    expect(rows).toHaveLength(1);
    const check = rows[0]!.definition.replace(/^CHECK /, '').replaceAll('message_id', 'id');
    const { rows: refused } = await admin.query(`select id from unnest($1::text[]) as id where not ${check}`, [ids]);
    expect(refused).toEqual([]);
  });

  test('redrives as many dead letters at once as the pages ask for', async () => {
    const redrive = (ids: number) =>
      admin.query('select public.request_redrive(array(select generate_series(1, $1))::bigint[])', [ids]);
    await redrive(MOST_REDRIVES);
    await expect(redrive(MOST_REDRIVES + 1)).rejects.toMatchObject({ code: '22023' });
  });

  test('takes names and windows up to the bounds that the pages have', async () => {
    const named = (length: number) =>
      admin.query('update public.tenants set name = $2 where id = $1', [tenant, 'n'.repeat(length)]);
    await named(MAX_NAME_LENGTH);
    await expect(named(MAX_NAME_LENGTH + 1)).rejects.toMatchObject({ code: '23514' });
    const rule = (name: string, minutes: number) =>
      admin.query(
        "insert into public.alert_rules (tenant_id, name, kind, window_minutes) values ($1, $2, 'missing', $3)",
        [tenant, name, minutes],
      );
    await rule('n'.repeat(MAX_NAME_LENGTH), MAX_LASTING_MINUTES);
    await expect(rule('n'.repeat(MAX_NAME_LENGTH + 1), 1)).rejects.toMatchObject({ code: '23514' });
    await expect(rule('n', MAX_LASTING_MINUTES + 1)).rejects.toMatchObject({ code: '23514' });
  });
});

test('a slug may be as long as the pages let it be', () => {
  expect([MAX_SLUG_LENGTH, MAX_SLUG_LENGTH + 1].map((length) => isSlug('a'.repeat(length)))).toEqual([true, false]);
});

describe("a run's bounds", () => {
  test('without configuration are the same for a stack and for ingest by itself', () => {
    const { ingestBatchCap, ingestTimeGuardMs } = parseConfig(dev(), 'dev');
    const settings = readIngestSettings({
      MQTT_BROKER_URL: 'mqtts://mqtt.example.com',
      MQTT_BROKER_USERNAME: 'svc-ingest',
      MQTT_BROKER_PASSWORD: 'key',
      EXTERNAL_DATABASE_CONNECTION_STRING: 'postgres://u:p@db.example.com/x',
    });
    expect(settings).toMatchObject({ batchCap: ingestBatchCap, timeGuardMs: ingestTimeGuardMs });
  });

  test('end before the Function App ends the run, with time for a last transaction', () => {
    const host = JSON.parse(readFileSync(join(ROOT, 'dist/functions/host.json'), 'utf8'));
    const [hours, minutes, seconds] = host.functionTimeout.split(':').map(Number);
    const lastTransactionMs = 30_000;
    expect(INGEST_RUN.timeGuardMs.most + lastTransactionMs).toBeLessThan(
      ((hours * 60 + minutes) * 60 + seconds) * 1000,
    );
    expect(() => configured('ingestTimeGuardMs', INGEST_RUN.timeGuardMs.most + 1)).toThrow(
      beyond(INGEST_RUN.timeGuardMs.most),
    );
  });
});

test('docs/ingest.md has the limits that hold', () => {
  const text = readFileSync(join(ROOT, 'docs/ingest.md'), 'utf8');
  const cells = (name: string) => text.split('\n').find((line) => line.startsWith(`| \`${name}\``))!;
  expect(cells('INGEST_BATCH_CAP')).toContain(`| ${INGEST_RUN.batchCap.normal} |`);
  expect(cells('max_payload_bytes')).toContain(`| ${DEFAULT_LIMITS.maxPayloadBytes}, ${DEFAULT_LIMITS.maxDepth} |`);
  expect(cells('max_ahead_seconds')).toContain(`| ${DEFAULT_LIMITS.maxAheadSeconds}, `);
  expect(cells('message_id')).toContain(`1 to ${MAX_ID_BYTES} bytes`);
  expect(text).toContain(`an array of up to ${MAX_READINGS.toLocaleString('en')}`);
  expect(text).toContain(`at most ${MAX_PAYLOAD_BYTES / 1024} KiB`);
  expect(cells('INGEST_TIME_GUARD_MS')).toContain(`| ${INGEST_RUN.timeGuardMs.normal} |`);
});
