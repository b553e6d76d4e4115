// Every query of the dashboard against the real API and database, cut at 7, 100 and 1000 rows: the same answers each time,
// and none of them short. A query that is new fails until it has a line here.
import { randomUUID } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { RuleDraft } from '../apps/dashboard/features/alerts/rules.ts';
import type { Filter, Sort } from '../apps/dashboard/features/devices/device-list.ts';
import { ROOT } from '../bootstrap/root.mjs';
import { QUESTION_LIMITS, READING_LIMITS, TENANT_LIMITS } from '../domain/account-limits.ts';
import { generateKey } from '../domain/credentials.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { type ApiRig, startApiRig } from './support/api-rig.ts';
import {
  ARCHIVED_MONTHS,
  CHANNELS,
  DEVICES,
  FIELDS,
  fillTenant,
  INVITATIONS,
  LETTERS,
  MEMBERS,
  NOON,
  OPEN,
  RESOLVED,
  RULES,
  TENANTS,
  TOKENS,
} from './support/full-tenant.ts';

const FEATURES = join(ROOT, 'apps/dashboard/features');
const LIMITS = Object.keys({ ...TENANT_LIMITS, ...READING_LIMITS, ...QUESTION_LIMITS }).length;
const CUTS = [1000, 100, 7];
const ANN = { email: 'ann@acme.example', password: generateKey() };

let rig: ApiRig;
let tenant: string;
let device: string;
let alert: string;

/** The dashboard's clients as a page has them, signed in, with an API that answers with at most this number of rows. */
let asPageOf: (maxRows: number) => Promise<Modules>;

beforeAll(async () => {
  rig = await startApiRig();
  const { data } = await rig.client().auth.signUp(ANN);
  ({ tenant, device, alert } = await fillTenant(rig.databaseUrl, { id: data.user!.id, email: ANN.email }));
  const doors = new Map(await Promise.all(CUTS.map(async (cut) => [cut, await rig.openFrontDoor(cut)] as const)));
  const onTheNetwork = globalThis.fetch;
  asPageOf = async (maxRows) => {
    const { url } = doors.get(maxRows)!;
    vi.resetModules();
    vi.stubGlobal('fetch', (input: string | Request, init?: RequestInit) =>
      onTheNetwork(typeof input === 'string' ? new URL(input, url) : input, init),
    );
    const modules = await load();
    const { auth } = await modules.clients.clients();
    const { error } = await auth.signInWithPassword(ANN);
    if (error) throw error;
    return modules;
  };
});

afterAll(async () => {
  vi.unstubAllGlobals();
  await rig?.stop();
});

const load = async () => ({
  clients: await import('../apps/dashboard/features/session/clients.ts'),
  archive: await import('../apps/dashboard/features/archive/archive.ts'),
  alerts: await import('../apps/dashboard/features/alerts/alerts.ts'),
  rules: await import('../apps/dashboard/features/alerts/rules.ts'),
  audit: await import('../apps/dashboard/features/audit/audit.ts'),
  commands: await import('../apps/dashboard/features/devices/commands.ts'),
  devices: await import('../apps/dashboard/features/devices/devices.ts'),
  exported: await import('../apps/dashboard/features/data/export.ts'),
  tokens: await import('../apps/dashboard/features/data/tokens.ts'),
  list: await import('../apps/dashboard/features/devices/device-list.ts'),
  desired: await import('../apps/dashboard/features/devices/desired-states.ts'),
  statuses: await import('../apps/dashboard/features/devices/statuses.ts'),
  readingRules: await import('../apps/dashboard/features/devices/reading-rules.ts'),
  letters: await import('../apps/dashboard/features/ingest/dead-letters.ts'),
  ingest: await import('../apps/dashboard/features/ingest/ingest.ts'),
  refusals: await import('../apps/dashboard/features/ingest/refusals.ts'),
  charts: await import('../apps/dashboard/features/telemetry/charts.ts'),
  fieldNames: await import('../apps/dashboard/features/telemetry/field-names.ts'),
  channels: await import('../apps/dashboard/features/notifications/channels.ts'),
  routes: await import('../apps/dashboard/features/notifications/routes.ts'),
  outbox: await import('../apps/dashboard/features/notifications/outbox.ts'),
  deletions: await import('../apps/dashboard/features/deletion/deletions.ts'),
  readings: await import('../apps/dashboard/features/telemetry/readings.ts'),
  tenants: await import('../apps/dashboard/features/tenants/tenants.ts'),
  usage: await import('../apps/dashboard/features/usage/usage.ts'),
  members: await import('../apps/dashboard/features/users/members.ts'),
  invitation: await import('../apps/dashboard/features/users/invitation.ts'),
  questions: await import('../apps/dashboard/features/questions/questions.ts'),
  maintenance: await import('../apps/dashboard/features/maintenance/maintenance.ts'),
});
type Modules = Awaited<ReturnType<typeof load>>;

const NO_FILTER: Filter = { search: '', state: 'all', tag: '' };
const HOT: RuleDraft = {
  name: 'Hot',
  kind: 'threshold',
  device_id: null,
  field: 'f1',
  comparison: 'above',
  wanted: null,
  for_minutes: null,
  tag: null,
  also_field: null,
  also_comparison: null,
  also_threshold: null,
  also_wanted: null,
  threshold: 0,
  window_minutes: 1,
  severity: 'info',
};

/** Each query, and how much of what there is it must answer with. */
const QUERIES: Record<string, (page: Modules) => Promise<{ answer: unknown; size: number }>> = {
  listDevices: ({ devices }) => whole(devices.listDevices(tenant), DEVICES),
  findDevice: ({ devices }) => one(devices.findDevice(device)),
  deviceList: async ({ list }) => {
    const read = async (sort: Sort, most = 60) => {
      const first = await list.deviceList(tenant, NO_FILTER, sort, most);
      const second = await list.deviceList(tenant, NO_FILTER, sort, DEVICES, first.rows.at(-1)!);
      expect([first.more, second.more]).toEqual([true, false]);
      return [...first.rows, ...second.rows];
    };
    const byName = await read('name');
    expect(byName.slice(0, 3).map(({ slug }) => slug)).toEqual(['d-1', 'd-2', 'd-3']);
    for (const sort of list.SORTS) expect(await read(sort)).toHaveLength(DEVICES);
    expect((await read('-name')).map(({ slug }) => slug)).toEqual(byName.map(({ slug }) => slug).toReversed());
    const sought = async (filter: object) =>
      (await list.deviceList(tenant, { ...NO_FILTER, ...filter }, 'name', 200)).rows.length;
    expect(await sought({ search: 'D-12' })).toBe(11);
    for (const odd of ['d_1', 'd%', 'a,b', '"', '\\', ')(']) expect(await sought({ search: odd }), odd).toBe(0);
    expect([await sought({ tag: 'even' }), await sought({ tag: 'none' })]).toEqual([DEVICES / 2, 0]);
    expect([await sought({ state: 'live' }), await sought({ state: 'disabled' })]).toEqual([DEVICES, 0]);
    return whole(Promise.resolve(byName), DEVICES);
  },
  countDevices: async ({ list }) => ({
    answer: 'counted',
    size: await list.countDevices(tenant, { ...NO_FILTER, tag: 'even' }),
  }),
  foundIds: ({ list }) => whole(list.foundIds(tenant, { ...NO_FILTER, state: 'live' }), DEVICES),
  tagsInUse: ({ list }) => whole(list.tagsInUse(tenant), DEVICES + 1),
  statusesOf: async ({ statuses, list }) => {
    const ids = (await list.foundIds(tenant, NO_FILTER)).slice(0, 100);
    return whole(statuses.statusesOf(tenant, ids), 100);
  },
  findStatus: ({ statuses }) => one(statuses.findStatus(tenant, device)),
  knownFields: async ({ statuses }) => whole(statuses.knownFields(tenant, null), 150),
  recentReadings: ({ readings }) => whole(readings.recentReadings(tenant, device, 40), 40),
  deviceChart: ({ charts }) =>
    whole(charts.deviceChart(device, 'f1', new Date(NOON.getTime() - 7 * 86_400_000), NOON, 300), 300),
  exportReadings: async ({ exported }) => {
    const span = { deviceId: device, fields: ['f1'], since: new Date(NOON.getTime() - 5 * 3_600_000), until: NOON };
    const seen: number[] = [];
    const file = await exported.exportReadings(span, (read) => seen.push(read), new AbortController().signal);
    expect([file.lines, seen.at(-1), file.endsAt]).toEqual([60, 60, undefined]);
    const [head, ...lines] = file.parts.join('').trimEnd().split('\r\n');
    expect(head).toBe('time,device,f1');
    expect(lines[0]).toMatch(/^2026-11-20T07:00:00Z,d-\d+,2$/);
    return whole(Promise.resolve(lines), 60);
  },
  listTokens: ({ tokens }) => whole(tokens.listTokens(tenant), TOKENS),
  listFieldNames: ({ fieldNames }) => whole(fieldNames.listFieldNames(tenant), FIELDS),
  findDesiredState: ({ desired }) => one(desired.findDesiredState(device)),
  recentCommands: ({ commands }) => whole(commands.recentCommands(device, 12), 12),
  readRules: async ({ readingRules }) => {
    const rules = await readingRules.readRules(tenant, device);
    expect(rules.time_members).toEqual(['Time']);
    return one(Promise.resolve(rules));
  },
  activeCredential: ({ devices }) => one(devices.activeCredential(device)),
  ingestSpans: async ({ ingest }) => {
    const spans = await ingest.ingestSpans(tenant, 120, 12);
    expect(spans.map(({ received }) => received)).toEqual([...Array(119).fill(12), spans.at(-1)!.begun]);
    return { answer: 'a day of minutes, added up', size: spans.length };
  },
  usageToday: async ({ ingest }) => {
    const usage = (await ingest.usageToday(tenant))!;
    expect(usage.received).toBe(usage.begun);
    return one(Promise.resolve(new Date(usage.at).toISOString().slice(10)));
  },
  lastWholeMinute: async ({ ingest }) => {
    const { received, begun } = (await ingest.lastWholeMinute(tenant))!;
    return one(Promise.resolve({ received, begun }));
  },
  ingestStatus: async ({ ingest }) => {
    const status = (await ingest.ingestStatus(tenant))!;
    return one(Promise.resolve(status.telemetry_rows_estimate));
  },
  usageDays: ({ usage }) => whole(usage.usageDays(tenant, '2026-10'), 31),
  questionOffer: ({ questions }) => one(questions.questionOffer(tenant)),
  questionDays: ({ questions }) => whole(questions.questionDays(tenant, '2026-10'), 31),
  questionsAreOn: async ({ questions }) => {
    expect(await questions.questionsAreOn(tenant)).toBe(true);
    return one(Promise.resolve('on'));
  },
  dailyQuota: ({ ingest }) => one(ingest.dailyQuota(tenant)),
  residuals: async ({ ingest }) => part(ingest.residuals(tenant, 20), 20, false),
  listDeadLetters: ({ letters }) => part(letters.listDeadLetters(tenant, 110), 110, true),
  lettersNotThere: ({ letters }) => one(letters.lettersNotThere(tenant)),
  deadLettersOf: ({ letters }) => whole(letters.deadLettersOf(tenant, device, 110), 110),
  letterContent: async ({ letters }) => {
    const [newest] = (await letters.listDeadLetters(tenant, 1)).rows;
    expect(newest).not.toHaveProperty('payload');
    return one(letters.letterContent(newest!.id));
  },
  openDeadLetters: async ({ letters }) =>
    whole(
      letters.openDeadLetters(tenant, 'infinity').then(({ rows }) => rows),
      LETTERS,
    ),
  refusedLastDay: async ({ refusals }) => {
    const refused = await refusals.refusedLastDay(tenant);
    expect(refused.map(({ reason, times }) => ({ reason, times }))).toEqual(
      ['r3', 'r2', 'r1'].map((reason, n) => ({ reason, times: 20 * (3 - n) })),
    );
    return whole(Promise.resolve(refused), 3);
  },
  lastRefusals: ({ refusals }) => whole(refusals.lastRefusals(device), 11),
  countOpenAlerts: async ({ alerts }) => ({ answer: 'counted', size: await alerts.countOpenAlerts(tenant) }),
  openAlerts: ({ alerts }) => part(alerts.openAlerts(tenant, 112), 112, true),
  resolvedAlerts: ({ alerts }) => part(alerts.resolvedAlerts(tenant, RESOLVED), RESOLVED, false),
  listRules: ({ rules }) => whole(rules.listRules(tenant), RULES),
  ruleProgress: ({ rules }) => whole(rules.ruleProgress(tenant), RULES),
  tryRule: async ({ rules }) => {
    const trial = (await rules.tryRule(tenant, HOT, 24))!;
    expect(trial.by_hour).toHaveLength(24);
    expect(trial.by_hour.reduce((sum, count) => sum + count, 0)).toBe(trial.firings);
    return { answer: [trial.devices, trial.newest.length], size: trial.firings };
  },
  auditEntries: async ({ audit }) => {
    const newer = await audit.auditEntries(tenant, 55);
    const older = await audit.auditEntries(tenant, 55, newer.rows.at(-1));
    return whole(Promise.resolve([...newer.rows, ...older.rows]), 110);
  },
  limitsInUse: ({ tenants }) => whole(tenants.limitsInUse(tenant), LIMITS),
  myTenants: ({ tenants }) => whole(tenants.myTenants(), TENANTS),
  listMembers: ({ members }) => whole(members.listMembers(tenant), MEMBERS),
  // fill() makes the token of the first invitation the text `1`.
  invitationFacts: ({ invitation }) => one(invitation.invitationFacts('1')),
  listChannels: ({ channels }) => whole(channels.listChannels(tenant), CHANNELS),
  notificationSender: ({ channels }) => one(channels.notificationSender()),
  listRoutes: ({ routes }) => whole(routes.listRoutes(tenant), CHANNELS),
  recentNotifications: ({ outbox }) => part(outbox.recentNotifications(tenant, 100), 100, true),
  notificationsOf: ({ outbox }) => part(outbox.notificationsOf(tenant, alert, CHANNELS), CHANNELS, false),
  findNotification: async ({ outbox }) => {
    const [newest] = (await outbox.recentNotifications(tenant, 1)).rows;
    return one(outbox.findNotification(newest!.id));
  },
  notificationCounts: async ({ outbox }) => {
    const counts = await outbox.notificationCounts(tenant, [...Array.from({ length: 500 }, randomUUID), alert]);
    expect(counts).toMatchObject([{ sent: 0, waiting: CHANNELS, failed: 0 }]);
    return whole(Promise.resolve(counts), 1);
  },
  archivedMonths: ({ archive }) => whole(archive.archivedMonths(tenant), ARCHIVED_MONTHS),
  archiveRequests: ({ archive }) => whole(archive.archiveRequests(tenant), 9),
  archiveLinks: async ({ archive }) => {
    const made = (await archive.archiveRequests(tenant)).find(({ made_at }) => made_at !== null);
    return whole(archive.archiveLinks(made!.id), ARCHIVED_MONTHS * 10);
  },
  retention: ({ archive }) => one(archive.retention(tenant)),
  tryRetention: ({ archive }) => one(archive.tryRetention(tenant, 7)),
  recentDeletions: ({ deletions }) => whole(deletions.recentDeletions(tenant), 20),
  currentMaintenance: ({ maintenance }) => one(maintenance.currentMaintenance()),
  openInvitations: ({ members }) => whole(members.openInvitations(tenant), INVITATIONS),
};

/** How many each must find. */
const SIZES: Record<string, number> = {
  countDevices: DEVICES / 2,
  ingestSpans: 120,
  countOpenAlerts: OPEN,
  tryRule: 1 + DEVICES * 5,
};

async function whole(rows: Promise<unknown[]>, size: number) {
  const answer = await rows;
  expect(new Set(answer.map((row) => JSON.stringify(row))).size).toBe(size);
  return { answer, size: answer.length };
}

async function part(list: Promise<{ rows: unknown[]; more: boolean }>, size: number, more: boolean) {
  const answer = await list;
  expect(answer.more).toBe(more);
  return whole(Promise.resolve(answer.rows), size);
}

async function one(row: Promise<unknown>) {
  const answer = await row;
  expect(answer).toBeDefined();
  return { answer, size: 1 };
}

test('there is a line here for each query', () => {
  const queries = globSync('**/*.ts', { cwd: FEATURES })
    .filter((file) => !/^session\/|\.test\.ts$/.test(file))
    .flatMap((file) => readFileSync(join(FEATURES, file), 'utf8').split(/(?=^export )/m))
    .filter((item) => /\b(allRows|firstRows|oneRow|countRows|ingestSpans)[<(]/.test(item))
    .map((item) => /^export (?:async )?function (\w+)/.exec(item)?.[1]);
  // Accepts, and answers with what came of it.
  expect(queries.filter((name) => name !== 'acceptInvitation').toSorted()).toEqual(Object.keys(QUERIES).toSorted());
});

test('the answers are the same and whole, whatever max rows is', async () => {
  const answers = new Map<string, unknown>();
  for (const cut of CUTS) {
    const page = await asPageOf(cut);
    for (const [name, query] of Object.entries(QUERIES)) {
      const { answer, size } = await query(page);
      if (SIZES[name]) expect(size, `${name}, max rows ${cut}`).toBe(SIZES[name]);
      if (answers.has(name)) expect(answer, `${name}, max rows ${cut}`).toEqual(answers.get(name));
      answers.set(name, answer);
    }
  }
});

test('the list of devices asks for no more of each than it shows', async () => {
  const { statuses, list } = await asPageOf(1000);
  const onThePage = globalThis.fetch;
  let bytes = 0;
  vi.stubGlobal('fetch', async (...request: Parameters<typeof fetch>) => {
    const response = await onThePage(...request);
    bytes += (await response.clone().arrayBuffer()).byteLength;
    return response;
  });
  const ids = (await list.foundIds(tenant, NO_FILTER)).slice(0, 100);
  bytes = 0;
  const listed = await statuses.statusesOf(tenant, ids);
  expect(listed).toHaveLength(100);
  expect(bytes / 100).toBeLessThan(500);
});

test('all dead letters are asked to be redriven, whatever max rows is', async () => {
  const { letters } = await asPageOf(7);
  const [newest] = (await letters.listDeadLetters(tenant, 1)).rows;
  await withConnection(rig.databaseUrl, (client) =>
    client.query(
      `insert into public.dead_letters (tenant_id, topic, payload, reason, fingerprint, received_at)
       values ($1, 't', 'x', 'not-json', 'newer', now() + interval '1 minute')`,
      [tenant],
    ),
  );
  await letters.redriveAll(tenant, newest!.received_at);
  // What came after the list was looked at is left alone.
  expect((await letters.openDeadLetters(tenant, 'infinity')).rows).toHaveLength(1);
});
