// `ops invite` and `ops limit` as an operator runs them. tests/dashboard/mailed-links.e2e.ts tries mails, and people who accept.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../provisioning/database/testing/database.ts';
import { makePerson } from '../provisioning/database/testing/world.ts';
import { type AuthFront, startAuthFront } from '../tests/auth/front.ts';
import { runOps } from './testing/run.ts';

const DASHBOARD = ['--dashboard', 'https://dashboard.example.com'];
let database: TestDatabase;

beforeAll(async () => {
  database = await startTestDatabase();
});
afterAll(() => database.stop());

const ops = (args: string[], env: Record<string, string> = {}) =>
  runOps(args, { DATABASE_URL: database.postgres.url, ...env });

const invite = (email: string, ...more: string[]) =>
  ops(['invite', email, '--tenant', 'acme', '--role', 'owner', ...DASHBOARD, ...more]);

describe('invite', () => {
  it('refuses an unknown tenant, and makes it on request, with the link of its first owner', async () => {
    expect(await invite('ann@acme.example')).toMatchObject({
      code: 1,
      err: 'error: there is no tenant "acme": add --create-tenant to make it\n',
    });
    const { code, out, err } = await invite('Ann@ACME.example', '--tenant-name', 'Acme Ltd');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [, token] = /^ {2}https:\/\/dashboard\.example\.com\/invite\?token=([0-9a-f]{64})$/m.exec(out) ?? [];
    const ann = await makePerson(database.admin, 'ann@acme.example');
    const { rows } = await database.asUser(ann, 'select slug, role from public.accept_invitation($1)', [token]);
    expect(rows).toEqual([{ slug: 'acme', role: 'owner' }]);
    expect((await database.asUser(ann, 'select name from public.my_tenants()')).rows).toEqual([{ name: 'Acme Ltd' }]);
  });

  it('refuses a member, a second open invitation, and an invalid address; --replace revokes the first invitation', async () => {
    expect(await invite('ann@acme.example')).toMatchObject({
      code: 1,
      err: "error: ann@acme.example is a member already. Change the member's role instead.\n",
    });
    const first = JSON.parse((await invite('bob@acme.example', '--json')).out);
    expect(await invite(' BOB@acme.example')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/open invitation to "acme" until \d{4}-\d\d-\d\d: add --replace/),
    });
    expect(await invite('bob@acme.example', '--replace')).toMatchObject({ code: 0 });
    const token = new URL(first.link).searchParams.get('token');
    expect((await database.asApiRole('anon', 'select * from public.invitation_facts($1)', [token])).rows).toEqual([]);
    expect(await invite('no address')).toMatchObject({
      code: 1,
      err: 'error: this is not an e-mail address. Check the spelling.\n',
    });
  });

  it('a refused invitation leaves no tenant behind', async () => {
    const args = ['--tenant', 'half', '--create-tenant', '--role', 'owner', ...DASHBOARD];
    expect(await ops(['invite', 'no address', ...args])).toMatchObject({ code: 1 });
    expect((await database.admin.query("select from public.tenants where slug = 'half'")).rowCount).toBe(0);
  });

  it('accepts only known roles, and dashboard addresses as targets of a link', async () => {
    const args = ['invite', 'x@acme.example', '--tenant', 'acme'];
    expect(await ops([...args, ...DASHBOARD, '--role', 'admin'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('owner, staff, viewer'),
    });
    for (const address of ['http://dashboard.example.com', 'dashboard.example.com', 'https://example.com/invite']) {
      expect(await ops([...args, '--role', 'viewer', '--dashboard', address])).toMatchObject({
        code: 1,
        err: expect.stringContaining("is not a dashboard's address"),
      });
    }
    expect(await ops([...args, '--role', 'viewer'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('--dashboard'),
    });
    expect(await invite('x@acme.example', '--mail')).toMatchObject({
      code: 1,
      err: expect.stringContaining('SUPABASE_SECRET_KEY is not set'),
    });
  });
});

describe('invite, with an auth service', () => {
  let front: AuthFront;
  beforeAll(async () => {
    front = await startAuthFront();
  });
  afterAll(() => front.stop());

  it('warns if sign-ups are closed; with --mail makes the account and mails the link, and never shows the key', async () => {
    front.auth.settings.disableSignup = true;
    const args = ['invite', 'carl@acme.example', '--tenant', 'acme', '--role', 'staff', '--dashboard', front.url];
    expect(await ops(args)).toMatchObject({ code: 0, err: expect.stringContaining('sign-ups are closed') });
    const mail = [...args, '--mail', '--replace', '--supabase-url', front.url];
    const mailed = await ops(mail, { SUPABASE_SECRET_KEY: front.secretKey });
    expect(mailed).toMatchObject({ code: 0, err: 'The link was mailed to carl@acme.example.\n' });
    const { html } = await front.mailbox.take('carl@acme.example');
    expect(decodeURIComponent(html)).toContain(/https?:\S+/.exec(mailed.out)?.[0]);
    expect(mailed.out + mailed.err).not.toContain(front.secretKey);
    const wrong = await ops(mail, { SUPABASE_SECRET_KEY: 'sb_secret_wrong' });
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('not_admin: User not allowed') });
    expect(wrong.err).not.toContain('sb_secret_wrong');
  });

  it('takes the dashboard of the stack that --target names; a device gets its broker', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'invite-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const brokerCaCertificate = readFileSync(join(import.meta.dirname, '../stacks/testing/database-ca.crt'), 'utf8');
    const outputs = { brokerHost: 'mqtt.example.com', brokerCaCertificate, dashboardAddress: front.url };
    writeFileSync(join(folder, 'outputs.json'), JSON.stringify(outputs));
    writeFileSync(join(folder, 'pulumi'), `#!/bin/sh\ncat '${folder}/outputs.json'\n`, { mode: 0o755 });
    const env = { PATH: `${folder}${delimiter}${process.env.PATH}` };
    const invited = await ops(
      ['invite', 'fay@acme.example', '--tenant', 'acme', '--role', 'staff', '--target', 'dev'],
      env,
    );
    expect(invited).toMatchObject({ code: 0, out: expect.stringContaining(`  ${front.url}/invite?token=`) });
    expect(invited.err).toMatch(/^dev: postgres@127\.0\.0\.1:\d+\/\w+\nwarning: sign-ups are closed/);
    const added = await ops(['device', 'add', 'acme', 'pump', '--target', 'dev'], env);
    expect(added.out).toMatch(/^ {2}-h mqtt\.example\.com\n {2}-p 8883\n {2}--cafile ca\.crt$/m);
    expect(added.err).toContain('pulumi stack output brokerCaCertificate --stack dev > ca.crt');
    // Pulumi is not needed for what Pulumi does not know.
    expect(await ops(['device', 'list', 'acme', '--target', 'dev'])).toMatchObject({ code: 0 });
    expect(await ops(['device', 'rotate', 'acme', 'pump', '--json', '--target', 'dev'])).toMatchObject({ code: 0 });
  });

  const open = async (email: string) =>
    (await database.admin.query('select from public.invitations where email = $1', [email])).rowCount;

  it('sends the key only to the project that the operator names, and otherwise makes no invitation', async () => {
    const args = [
      'invite',
      'dan@acme.example',
      '--tenant',
      'acme',
      '--role',
      'staff',
      '--mail',
      '--dashboard',
      front.url,
    ];
    const env = { SUPABASE_SECRET_KEY: front.secretKey };
    expect(await ops(args, env)).toMatchObject({ code: 1, err: expect.stringContaining('--supabase-url') });
    expect(await ops([...args, '--supabase-url', 'https://ref.supabase.co'], env)).toMatchObject({
      code: 1,
      err: `error: ${front.url}/api/config names ${front.url} as its auth service, not https://ref.supabase.co: correct --dashboard or --supabase-url\n`,
    });
    expect(await open('dan@acme.example')).toBe(0);
  });

  it('makes no invitation if its mailed link would end elsewhere', async () => {
    const other = await startAuthFront(undefined, () => 'http://127.0.0.1:1');
    try {
      const args = ['--tenant', 'acme', '--role', 'staff', '--mail', '--dashboard', other.url];
      const env = { SUPABASE_SECRET_KEY: other.secretKey };
      expect(await ops(['invite', 'eve@acme.example', ...args, '--supabase-url', other.url], env)).toMatchObject({
        code: 1,
        err: expect.stringContaining(`mailed links end at http://127.0.0.1:1, not at ${other.url}: let "Site URL" be`),
      });
      expect(await open('eve@acme.example')).toBe(0);
    } finally {
      await other.stop();
    }
  });
});

describe('limit', () => {
  it('shows and sets what people and tenants may have', async () => {
    const show = async (...args: string[]) => {
      const { code, out } = await ops(['limit', ...args]);
      expect(code).toBe(0);
      return Object.fromEntries(out.split('\n').map((line) => [line.slice(0, 27).trim(), line.slice(28)]));
    };
    expect(await show()).toMatchObject({
      'tenants-per-person': '0',
      devices: '1000',
      'dead-letter-bytes': '16777216',
    });
    expect(await show('--tenants-per-person', '1', '--devices', '20')).toMatchObject({
      'tenants-per-person': '1',
      devices: '20',
    });
    const devices = async (...args: string[]) => (await show('acme', ...args)).devices;
    expect(await devices()).toMatch(/^\d of 20$/);
    expect(await devices('--devices', '30')).toMatch(/^\d of 30$/);
    expect(await devices('--devices', '50', '--until', '2999-12-31')).toMatch(/^\d of 50 until 3000-01-01T00:00:00/);
    expect(await devices('--devices', 'default')).toMatch(/^\d of 20$/);
    expect((await show('acme', '--readings-per-day', '500'))['readings-per-day']).toBe('0 of 500');
    expect((await show('acme', '--question-cents-day', '200'))['question-cents-day']).toBe('0 of 200');
  });

  it.each([
    [['nobody'], 1, 'there is no tenant "nobody": see "tenant list"'],
    [['--devices', 'default'], 1, '--devices default is for one tenant: name it'],
    [['--readings-per-day', '5'], 1, '--readings-per-day 5 is for one tenant: name it'],
    [['--question-cents-day', '5'], 1, '--question-cents-day 5 is for one tenant: name it'],
    [['acme', '--tenants-per-person', '5'], 1, '--tenants-per-person is for the whole platform: leave the tenant out'],
    [['--devices', '5', '--until', '2999-12-31'], 1, '--until needs a tenant, and a limit with a number'],
    [['acme', '--devices', 'many'], 2, 'Give a whole number from 0, or "default".'],
    [['acme', '--devices', '5', '--until', '2020-01-01'], 2, 'that is still to come'],
  ])('refuses %j', async (args, code, message) => {
    expect(await ops(['limit', ...args])).toMatchObject({ code, err: expect.stringContaining(message) });
  });
});
