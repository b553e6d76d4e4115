// The terms of domain/ are the terms everywhere: SQL has the same grammar of names, the same roles and outcomes, and no other room of
// the product writes them again.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SEVERITIES } from '../apps/dashboard/features/alerts/rules.ts';
import { SCOPES } from '../apps/dashboard/features/data/tokens.ts';
import { ROOT } from '../bootstrap/root.mjs';
import { HASH_PATTERN } from '../domain/credentials.ts';
import { FORMER_TOPIC_PATTERN } from '../domain/former-topics.ts';
import { SERVICE_USERNAME, SLUG_PATTERN } from '../domain/identifiers.ts';
import { MEMBER_ROLES } from '../domain/members.ts';
import { TIME_MEMBERS_PATTERN } from '../domain/messages-limits.ts';
import { OUTCOMES } from '../domain/outcomes.ts';
import { QUESTION_KINDS } from '../domain/questions.ts';
import { REFUSALS } from '../domain/refusals.ts';
import { COMMANDS_FILTER, devicePrefix, parseDeviceTopic, TELEMETRY_FILTER, telemetryTopic } from '../domain/topics.ts';
import { totalOf } from '../functions/ingest/accounting.ts';
import type { RunningPostgres } from '../lab/postgres.ts';
import { startScratchPostgres } from '../lab/scratch-postgres.ts';
import { SOURCES } from '../provisioning/broker/gate.ts';
import { SERVICE_RIGHTS } from '../provisioning/broker/registry.ts';
import { connect } from '../provisioning/database/connect.ts';

test('the gate counts by the reasons that people have words for', () => {
  const source = readFileSync(join(SOURCES, 'registry.c'), 'utf8');
  const names = [.../reason_names\[REASONS\] = \{([^}]*)\}/.exec(source)![1]!.matchAll(/"(\w+)"/g)];
  expect(names.map(([, name]) => name)).toEqual(['accepted', ...Object.keys(REFUSALS)]);
});

describe('SQL', () => {
  let postgres: RunningPostgres;
  let admin: Client;
  beforeAll(async () => {
    postgres = await startScratchPostgres();
    admin = await connect(postgres.url);
  });
  afterAll(async () => {
    await admin?.end();
    await postgres?.stop();
  });

  const OURS = "('public'::regnamespace, 'access'::regnamespace, 'ingest'::regnamespace, 'broker'::regnamespace)";
  /** Every check and every function, with what it says. */
  const TEXTS = `
    select conrelid::regclass::text as name, pg_get_constraintdef(oid) as text from pg_constraint
    where contype = 'c' and conparentid = 0 and connamespace in ${OURS}
    union all select proname, prosrc from pg_proc where pronamespace in ${OURS}`;
  const texts = async () => (await admin.query<{ name: string; text: string }>(TEXTS)).rows;

  /** What SQL alone judges. */
  const SQL_ONLY = [
    // An e-mail address as far as it matters.
    '^[^@[:space:]]+@[^@[:space:]]+$',
    // The name of a periodic job; texts that an operator writes.
    '^[a-z][a-z_]{0,59}$',
    '^[^[:cntrl:]]{1,100}$',
    '^[^[:cntrl:]]{1,200}$',
    // An archived object and its checksum; partitions of days; tables of readings that have left theirs; the hash of an API token.
    '^[0-9a-f]{32}$',
    '^archive/tenant=[0-9a-f-]{36}/day=[0-9-]{10}/[0-9a-f]{32}\\.parquet$',
    '^telemetry_[0-9]{8}$',
    '^retired_([0-9]{8}|rows)$',
    '^[0-9a-f]{64}$',
    // A sealing key, its id, and what is sealed with it; the host of a receiver; a time zone.
    '^[0-9a-f]{16}$',
    '^[A-Za-z0-9_-]{87}$',
    '^[0-9a-f]{16}\\.[A-Za-z0-9_-]+$',
    '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(:[0-9]{1,5})?$',
    '^([A-Za-z]+(/[A-Za-z0-9_+-]+){1,2}|UTC)$',
  ];

  test('knows no other grammar of a name or a hash', async () => {
    const found = (await texts()).flatMap(({ name, text }) =>
      [...text.matchAll(/~ '(\^[^']*)'/g)].map(([, pattern]) => ({ name, pattern })),
    );
    const inSql = ({ source }: RegExp) => source.replaceAll('\\/', '/').replaceAll('(?:', '(');
    const places = (pattern: RegExp) => found.filter((each) => each.pattern === inSql(pattern)).map(({ name }) => name);
    expect(places(SLUG_PATTERN).toSorted()).toEqual([
      'add_device',
      'create_tenant',
      'devices',
      'insert_devices',
      'tenants',
    ]);
    expect(places(HASH_PATTERN).toSorted()).toEqual([
      'broker.service_accounts',
      'check_password_hash',
      'device_credentials',
    ]);
    expect(places(SERVICE_USERNAME)).toEqual(['broker.service_accounts']);
    expect(places(FORMER_TOPIC_PATTERN)).toEqual(['broker.former_topics']);
    expect(places(TIME_MEMBERS_PATTERN)).toEqual(['reading_rules']);
    const patterns = [SLUG_PATTERN, HASH_PATTERN, SERVICE_USERNAME, FORMER_TOPIC_PATTERN, TIME_MEMBERS_PATTERN];
    const known = patterns.map(inSql);
    expect(found.filter(({ pattern }) => ![...known, ...SQL_ONLY].includes(pattern!))).toEqual([]);
  });

  /** The words that a column may hold. */
  async function wordsOf(table: string, column: string): Promise<string[]> {
    const { rows } = await admin.query<{ text: string }>(
      `select pg_get_constraintdef(oid) as text from pg_constraint
       where conrelid = $1::regclass and pg_get_constraintdef(oid) like '%(' || $2 || ' = ANY (ARRAY[%'`,
      [table, column],
    );
    expect(rows).toHaveLength(1);
    return [...rows[0]!.text.matchAll(/'([^']*)'::text/g)].map(([, word]) => word!);
  }

  test.each([
    ['public.memberships', 'role', MEMBER_ROLES],
    ['public.invitations', 'role', MEMBER_ROLES],
    ['broker.service_accounts', 'purpose', Object.keys(SERVICE_RIGHTS)],
    ['ingest.question_calls', 'kind', QUESTION_KINDS],
  ])('allows in %s.%s what the programs know', async (table, column, words) => {
    expect(await wordsOf(table, column)).toEqual([...words]);
  });

  test('names no role, severity or scope that is unknown in a function', async () => {
    const roles = (await texts()).flatMap(({ text }) =>
      [...text.matchAll(/'\{([a-z,]+)\}'/g)].flatMap(([, list]) => list!.split(',')),
    );
    expect(new Set(roles)).toEqual(new Set([...MEMBER_ROLES, ...SEVERITIES, ...Object.keys(SCOPES)]));
  });

  test('counts the outcomes that ingest counts', async () => {
    const { rows } = await admin.query<{ name: string }>(
      `select attname as name from pg_attribute
       where attrelid = 'public.ingest_ledger'::regclass and attnum > 0 and not attisdropped and atttypid = 'bigint'::regtype
       order by attnum`,
    );
    // Bytes are of what was stored.
    expect(rows.map(({ name }) => name)).toEqual(['received', ...OUTCOMES, 'bytes']);
    const camelCase = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    expect(Object.keys(totalOf(new Map()))).toEqual(['received', ...OUTCOMES.map(camelCase)]);
  });
});

test('a topic is written where topics are, and read back', () => {
  expect(parseDeviceTopic(telemetryTopic('acme', 'pump-1'))).toEqual({
    tenant: 'acme',
    device: 'pump-1',
    rest: 'telemetry',
  });
  expect(TELEMETRY_FILTER).toBe(`${telemetryTopic('t', 'd')}/#`.replace('/t/', '/+/').replace('/d/', '/+/'));
  expect(COMMANDS_FILTER).toBe(`${devicePrefix('t', 'd')}/commands/#`.replace('/t/', '/+/').replace('/d/', '/+/'));
});

describe('is written once in the product:', () => {
  const ROOMS = '{apps,components,domain,functions,local,ops,preview,provisioning,stacks}';
  const files = globSync(`${ROOMS}/**/*.{ts,tsx}`, { cwd: ROOT }).filter(
    (file) => !/\.test\.tsx?$|\/testing\/|node_modules|\.next/.test(file),
  );
  const holding = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(join(ROOT, file), 'utf8')));

  test.each([
    ['the form of a topic', /['"`/ ]tenants\/[$<+{[]/, 'domain/topics.ts'],
    ['the grammar of a slug', /\[a-z0-9\]\[a-z0-9-\]\{0,62\}/, 'domain/identifiers.ts'],
    ['the grammar of a hash', /\\\$7\\\$\(/, 'domain/credentials.ts'],
    ['the roles of members', /\['owner', 'staff', 'viewer'\]/, 'domain/members.ts'],
    ['the outcomes of a reading', /\['stored', 'duplicate', 'rejected', 'over_quota'\]/, 'domain/outcomes.ts'],
    ['the port of MQTT over TLS', /(\|\||\?\?|=) 8883\b|: 8883[,;]/, 'domain/ingress.ts'],
    ["the demonstration's accounts", /@demo\.example', role/, 'local/demo-users.ts'],
  ])('%s', (_, pattern, home) => {
    expect(files.length).toBeGreaterThan(300);
    expect(holding(pattern)).toEqual([home]);
  });
});
