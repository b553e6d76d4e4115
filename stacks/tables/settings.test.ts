// The app's settings and the deployed bundle agree: everything that the functions read is set, and everything that is set is read.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { readControlSettings } from '../../functions/settings/control.ts';
import { readNotifySettings } from '../../functions/settings/notify.ts';
import { readQuestionSettings } from '../../functions/settings/questions.ts';
import { having, named, one, planOf } from '../testing/plan.ts';

const PACKAGE = join(ROOT, 'dist/functions');
const BUNDLE = join(PACKAGE, 'main.mjs');

/** Read by the Functions host, not by the functions (Microsoft Learn, "App settings reference for Azure Functions"). */
const OF_THE_HOST = [
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
  'APPLICATIONINSIGHTS_CONNECTION_STRING',
  'AzureWebJobsStorage__accountName',
  'AzureWebJobsStorage__clientId',
  'AzureWebJobsStorage__credential',
  'FUNCTIONS_EXTENSION_VERSION',
];
/** Read by the pages for health and metrics only, which a run does not serve. */
const OF_THE_PAGES = ['DATABASE_LIMIT_MB', 'PROMETHEUS_ENABLED', 'PROMETHEUS_PATH'];
/** For a person at a terminal, and for a worker or the platform on one machine; never for Azure. */
const NEVER_SET = [
  'HEALTH_ADDRESS',
  'HEALTH_PORT',
  'LOG_PRETTY',
  'NOTIFY_ALLOW_LOOPBACK',
  'NOTIFY_CA',
  // Set where ingest reads something else than one broker: docs/ingest.md, docs/kubernetes.md.
  'EVENT_HUB_GROUP',
  'EVENT_HUB_NAME',
  'MQTT_BROKER_CERTIFIED_AS',
  'MQTT_CONTROL_BROKER_URL',
  'NATS_CA',
  'NATS_SERVERS',
  ...['BROKERS', 'CA', 'CLIENT_ID', 'GROUP', 'PASSWORD', 'RECORDS', 'TOPIC', 'USERNAME'].map((name) => `KAFKA_${name}`),
];

/** Read by another function than ingest, whose run is asked below: functions/settings/twin.ts. */
const OF_THE_TWIN = 'TIMER_TWIN_KEY';

/** A certificate authority, for the key that needs one. */
const DATABASE_CA = readFileSync(join(ROOT, 'stacks/testing/database-ca.crt'), 'utf8');

/** The functions' own settings, in a plan of a stack with these lines added. */
async function settingsOf(stack: string, ...lines: string[]): Promise<Record<string, string>> {
  const plan = await planOf(stack, having(...lines));
  const all: [string, string][] = Object.entries(one(plan, 'web:WebAppApplicationSettings').inputs.properties);
  return Object.fromEntries(all.filter(([name]) => !OF_THE_HOST.includes(name)));
}

/** Environments with different settings: together they have every possible setting. */
const ENVIRONMENTS: [string, ...string[]][] = [
  ['dev'],
  [
    'prod',
    'metrics: true',
    'standbyBroker: true',
    "ingestGenerationsInForce: '[1,2]'",
    `databaseCa: ${JSON.stringify(DATABASE_CA)}`,
    'notifyGeneration: 2',
    'smtpHost: smtp.example.com',
    'smtpUser: alerts@example.com',
    'mailFrom: alerts@example.com',
    'questionsUrl: https://models.example.com/v1',
    'questionsModels: small=0.15/0.60',
    "questionsPricesFrom: '2026-11-01'",
  ],
];

/** The names that the bundle's own modules read from the environment: capitals with an underscore. */
function namesInBundle(): string[] {
  const pieces = readdirSync(PACKAGE).filter((name) => name.endsWith('.mjs'));
  const modules = pieces.flatMap((name) =>
    readFileSync(join(PACKAGE, name), 'utf8').split(/^\/\/ (?=\S+\.[cm]?[jt]s$)/m),
  );
  const own = modules.filter((text) => /^(functions|domain)\//.test(text)).join('\n');
  const keys = own.matchAll(/(?:^|[\s{,])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+):/g);
  const members = own.matchAll(/\benv(?:ironment)?\d*(?:\.|\[")([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)/g);
  return [...new Set([...keys, ...members].map(([, name = '']) => name))].sort();
}

/** The settings that a run of the bundle reports as missing or wrong, by name. */
function complaints(env: Record<string, string>): string[] {
  const { status, stderr } = spawnSync(process.execPath, [BUNDLE, '--mode', 'run'], { env, encoding: 'utf8' });
  expect(status, stderr).toBe(2);
  return [...stderr.matchAll(/^ {2}([A-Z_]+) /gm)].map(([, name = '']) => name);
}

/** The same of the jobs that read their own when they have something to send: the control loop, notifications, questions. */
function complaintsOfJobs(env: Record<string, string>): string[] {
  return [readControlSettings, readNotifySettings, readQuestionSettings].flatMap((read) => {
    try {
      read(env);
      return [];
    } catch (error) {
      return [...(error as Error).message.matchAll(/^ {2}([A-Z_]+) /gm)].map(([, name = '']) => name);
    }
  });
}

describe('between them, the environments', () => {
  it('set every setting that the functions know, except a terminal’s', async () => {
    const set = await Promise.all(ENVIRONMENTS.map(([stack, ...lines]) => settingsOf(stack, ...lines)));
    const names = [...new Set(set.flatMap((settings) => Object.keys(settings)))];
    expect([...names, ...NEVER_SET].sort()).toEqual(namesInBundle());
  });
});

it('the deployment trusts the same certificate of the database as the functions do', async () => {
  const [stack, ...lines] = ENVIRONMENTS[1]!;
  const plan = await planOf(stack, having(...lines));
  for (const name of ['database-schema', 'database-sign-ins']) {
    expect(named(plan, name).inputs.environment.DATABASE_CA).toBe(
      (await settingsOf(stack, ...lines)).EXTERNAL_DATABASE_CA,
    );
  }
});

describe.each(ENVIRONMENTS)('%s', (stack, ...lines) => {
  it('leaves unset nothing that the functions require', async () => {
    const settings = await settingsOf(stack, ...lines);
    const required = [...complaints({}), ...complaintsOfJobs({})];
    expect(required.length).toBeGreaterThan(3);
    expect(Object.keys(settings)).toEqual(expect.arrayContaining(required));
  });

  it('sets nothing that the functions do not read: each is reported when missing or wrong', async () => {
    const settings = await settingsOf(stack, ...lines);
    const nonsense = Object.fromEntries(Object.keys(settings).map((name) => [name, '\u0007']));
    const read = new Set([
      ...complaints({}),
      ...complaints(nonsense),
      ...complaintsOfJobs({}),
      ...complaintsOfJobs(nonsense),
      OF_THE_TWIN,
    ]);
    // A user name is free text: it is reported if only its key is set, and the other way round.
    const { MQTT_BROKER_PREVIOUS_USERNAME: previous } = settings;
    if (previous) for (const name of complaints({ MQTT_BROKER_PREVIOUS_USERNAME: previous })) read.add(name);
    // A password is, too.
    const known = ['MQTT_BROKER_PREVIOUS_USERNAME', 'NOTIFY_SMTP_PASSWORD', ...OF_THE_PAGES];
    const unread = Object.keys(settings).filter((name) => !read.has(name) && !known.includes(name));
    expect(unread).toEqual([]);
  });
});
