// The doctor as a person runs it: with nothing installed, and with stand-ins for az and pulumi that give recorded answers of the real
// ones.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { VM_SIZES, type VmSize, type VmSizeName } from '../../components/vm-sizes.ts';
import { openHoles } from '../../provisioning/machine/package-floors.ts';
import type { StackConfig } from '../../stacks/configuration/parse.ts';
import { withManaged } from '../../stacks/testing/plan.ts';
import { anotherSize } from './azure.ts';
import { examineEnvironment } from './configuration.ts';
import type { Finding } from './finding.ts';
import { examinePackages, judgeOutput } from './packages.ts';
import { run } from './run.ts';
import { atLeast } from './tools.ts';

const SUBSCRIPTION = '5e1f0d3c-7a52-4a0e-9d0b-0c2f4b6a8d10';

/** Answers of the real programs, by their arguments; a leading `!` makes it an error. */
const RECORDED: Record<string, Record<string, string>> = {
  git: { '--version': 'git version 2.47.3' },
  node: { '--version': 'v24.21.0' },
  wrangler: { '--version': '4.155.0' },
  pulumi: {
    version: 'v3.270.0',
    'stack ls': JSON.stringify([{ name: 'organization/mqtt-saas/dev', current: true, updateInProgress: false }]),
  },
  az: {
    version: JSON.stringify({ 'azure-cli': '2.79.0', 'azure-cli-core': '2.79.0', extensions: {} }),
    'account show': JSON.stringify({
      environmentName: 'AzureCloud',
      id: SUBSCRIPTION,
      isDefault: true,
      name: 'iot-sandbox',
      state: 'Enabled',
      tenantId: '11111111-2222-3333-4444-555555555555',
      user: { name: 'ada@contoso.com', type: 'user' },
    }),
    'provider list': JSON.stringify(
      ['Authorization', 'Compute', 'Consumption', 'KeyVault', 'ManagedIdentity', 'Network', 'OperationalInsights']
        .concat(['Storage', 'Web', 'App'])
        .map((name) => `Microsoft.${name}`)
        .concat('microsoft.insights'),
    ),
    'vm list-skus': JSON.stringify([
      { name: 'Standard_B2ts_v2', resourceType: 'virtualMachines', locations: ['westeurope'], restrictions: [] },
    ]),
    'functionapp list-flexconsumption-locations': JSON.stringify([{ name: 'westeurope' }, { name: 'northeurope' }]),
    'feature show': JSON.stringify({ name: 'Microsoft.Compute/EncryptionAtHost', properties: { state: 'Registered' } }),
    'rest --method get': '!ERROR: Not Found({"error":{"code":"ResourceNotFound"}})',
    rest: JSON.stringify({ message: null, nameAvailable: true, reason: null }),
    'resource list': '[]',
    'keyvault list-deleted': '[]',
  },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  mkdirSync(join(folder, 'bin'));
  const own = readFileSync(join(ROOT, 'Pulumi.dev.yaml'), 'utf8');
  const real = own
    .replace('203.0.113.10/32', '51.12.80.4/32')
    .replace('Q2F example', 'Q2F ada')
    .replaceAll('platform@example.com', 'ada@contoso.com')
    .replace('ex4mp1', 'a1b2c3')
    .replace('northeurope', 'westeurope')
    .replace('aws-0-eu-north-1.pooler.supabase.com', 'aws-0-eu-north-1.pooler.invalid')
    .replace('abcdefghijklmnopqrst', 'qwertyuiopasdfghjklz');
  writeFileSync(
    join(folder, 'Pulumi.dev.yaml'),
    `${real}  mqtt-saas:vmSize: Standard_B2ts_v2\n  mqtt-saas:ubuntuPro: true\n`,
  );
  writeFileSync(join(folder, 'Pulumi.yaml'), readFileSync(join(ROOT, 'Pulumi.yaml')));
  // `main` in Pulumi.yaml must exist.
  symlinkSync(join(ROOT, 'stacks'), join(folder, 'stacks'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Puts a program on the PATH that knows these answers only. */
function standIn(program: string, changes: Record<string, string> = {}): void {
  const answers = Object.entries({ ...RECORDED[program], ...changes });
  const cases = answers.map(([words, answer]) =>
    answer.startsWith('!')
      ? `"${words}"*) echo '${answer.slice(1)}' >&2; exit 1;;`
      : `"${words}"*) cat <<'END'\n${answer}\nEND\n;;`,
  );
  const path = join(folder, 'bin', program);
  writeFileSync(path, `#!/bin/sh\ncase "$*" in\n${cases.join('\n')}\n*) echo "what is $*?" >&2; exit 9;;\nesac\n`);
  chmodSync(path, 0o755);
}

/** A network namespace of its own has no network, so the result does not depend on this machine's name server. */
const OFFLINE = ['/usr/bin/unshare', '--map-root-user', '--net'];
const hasNamespaces = spawnSync(OFFLINE[0] as string, [...OFFLINE.slice(1), 'true']).status === 0;

async function doctor(...args: string[]) {
  const path = `${join(folder, 'bin')}:/usr/bin/nothing`;
  // The stand-ins need cat.
  symlinkSync('/bin/cat', join(folder, 'bin/cat'));
  const [program = '', ...words] = [
    ...(hasNamespaces ? OFFLINE : []),
    process.execPath,
    join(ROOT, 'ops/doctor.ts'),
    '--cwd',
    folder,
    ...args,
  ];
  const child = spawn(program, words, {
    env: { ...process.env, PATH: path, DATABASE_URL: 'postgresql://postgres@db.invalid/postgres' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  rmSync(join(folder, 'bin/cat'));
  return { out, code: code as number, err: err.replace(/^\.\.\. waiting.*\n/gm, '') };
}

async function findings(...args: string[]) {
  const { out, code } = await doctor('--json', ...args);
  const all = JSON.parse(out) as Finding[];
  const of = (check: string) => all.filter((finding) => finding.check === check);
  return { code, of, one: (check: string) => of(check)[0], all };
}

const everything = () => {
  for (const program of Object.keys(RECORDED)) standIn(program);
};

describe.runIf(hasNamespaces)('with everything in place (needs namespaces)', () => {
  it('nothing fails, and what cannot be reached is reported as unknown', async () => {
    everything();
    const { code, out, err } = await doctor();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^ok {7}pulumi: +3\.270\.0$/m);
    expect(out).toMatch(/^ok {7}az sign-in: +ada@contoso\.com, subscription "iot-sandbox"$/m);
    expect(out).toMatch(/^ok {7}vault name: +kv-mqtt-dev-a1b2c3 is free$/m);
    expect(out).toMatch(/^unknown +database: /m);
    expect(out).not.toContain('\x1b');
    expect(out).toMatch(/\n\d+ ok, 0 warnings, 0 failed/);
    expect(out.match(/is free$/gm)).toHaveLength(4);
  });

  it.each([
    ['account show', "!ERROR: Please run 'az login' to setup account.", 'az sign-in', 'failed', 'az login'],
    [
      'account show',
      JSON.stringify({ id: SUBSCRIPTION, name: 'x', state: 'Disabled', user: { name: 'a' } }),
      'az sign-in',
      'failed',
      'az account set',
    ],
    [
      'provider list',
      '["Microsoft.Compute"]',
      'resource providers',
      'failed',
      'az provider register --namespace Microsoft.KeyVault',
    ],
    ['vm list-skus', '[]', 'machine size', 'failed', 'config set mqtt-saas:vmSize Standard_B2ats_v2 --stack dev'],
    [
      'vm list-skus',
      JSON.stringify([
        { name: 'Standard_B2ts_v2', restrictions: [{ type: 'Location', reasonCode: 'NotAvailableForSubscription' }] },
      ]),
      'machine size',
      'failed',
      'config set mqtt-saas:vmSize Standard_B2ats_v2 --stack dev',
    ],
    [
      'vm list-skus',
      JSON.stringify([
        { name: 'Standard_B2ts_v2', restrictions: [], capabilities: [{ name: 'DiskControllerTypes', value: 'NVMe' }] },
      ]),
      'machine size',
      'failed',
      'choose another size',
    ],
    [
      'vm list-skus',
      JSON.stringify([
        {
          name: 'Standard_B2ts_v2',
          restrictions: [],
          capabilities: [{ name: 'DiskControllerTypes', value: 'SCSI, NVMe' }],
        },
      ]),
      'machine size',
      'ok',
      undefined,
    ],
    [
      'rest --method get',
      JSON.stringify('broker-apply: NOT ACTIVE: fail2ban.service (failed)\nbroker-apply: IN FORCE: 12'),
      'machine',
      'warning',
      'docs/machine.md',
    ],
    ['rest --method get', '"broker-apply: IN FORCE: 12"', 'machine', 'ok', undefined],
    ['rest --method get', 'null', 'machine', 'ok', undefined],
    ['rest --method get', '!ERROR: (AuthorizationFailed)', 'machine', 'unknown', undefined],
    ['vm list-skus', '!ERROR: (TooManyRequests) try later', 'machine size', 'unknown', undefined],
    [
      'functionapp list-flexconsumption-locations',
      '[{"name":"eastus"}]',
      'Flex Consumption',
      'failed',
      'pulumi config set mqtt-saas:location REGION --stack dev',
    ],
    ['feature show', '{"properties":{"state":"NotRegistered"}}', 'encryption at host', 'failed', 'az feature register'],
    ['version', '{"azure-cli":"2.60.1"}', 'az', 'failed', 'install'],
    ['version', 'no json', 'az', 'failed', 'install'],
  ] as const)('az %s: %s', async (words, answer, check, mark, remedy) => {
    everything();
    standIn('az', { [words]: answer });
    const { code, one } = await findings();
    expect(one(check)).toMatchObject({ mark });
    if (remedy) expect(one(check)?.remedy).toContain(remedy);
    expect(code).toBe(mark === 'failed' ? 1 : 0);
  });

  it('distinguishes a name of one’s own, a deleted vault, and somebody else’s name', async () => {
    everything();
    const taken = JSON.stringify({ message: 'taken', nameAvailable: false, reason: 'AlreadyExists' });
    standIn('az', { rest: taken, 'resource list': '["/subscriptions/x/y"]' });
    expect((await findings()).one('vault name')).toMatchObject({
      mark: 'ok',
      seen: expect.stringContaining('belongs to this subscription'),
    });
    standIn('az', { rest: taken, 'keyvault list-deleted': '["kv-mqtt-dev-a1b2c3"]' });
    expect((await findings()).one('vault name')).toMatchObject({
      mark: 'failed',
      remedy: expect.stringContaining('purge'),
    });
    standIn('az', { rest: taken });
    const { of } = await findings();
    for (const name of [...of('vault name'), ...of('storage name'), ...of('Function App name')]) {
      const set = 'pulumi config set mqtt-saas:nameSuffix "$(openssl rand -hex 3)" --stack dev';
      expect(name).toMatchObject({ mark: 'failed', remedy: expect.stringContaining(set) });
    }
  });

  it('Pulumi that is outdated, not signed in, or without the stack', async () => {
    everything();
    standIn('pulumi', { version: 'v3.100.0', 'stack ls': '!error: PULUMI_ACCESS_TOKEN must be set' });
    const { one, code } = await findings();
    expect(code).toBe(1);
    expect([one('pulumi')?.mark, one('pulumi sign-in')?.mark]).toEqual(['failed', 'failed']);
    standIn('pulumi', { 'stack ls': '[]' });
    expect((await findings()).one('pulumi sign-in')).toMatchObject({
      mark: 'warning',
      remedy: expect.stringContaining('pulumi stack init dev '),
    });
  });

  it.each(['Welcome to Pulumi!', 'null', '{}'])('Pulumi that answers %s', async (answer) => {
    everything();
    standIn('pulumi', { 'stack ls': answer });
    expect((await findings()).one('pulumi sign-in')).toEqual({
      mark: 'unknown',
      check: 'pulumi sign-in',
      seen: 'pulumi stack ls --json --non-interactive did not answer in JSON',
      remedy: 'run it to see what it says',
    });
  });

  it('the provider of an IoT Hub is required if there will be one', async () => {
    everything();
    appendFileSync(join(folder, 'Pulumi.dev.yaml'), '  mqtt-saas:iotHub: true\n');
    expect((await findings()).one('resource providers')).toMatchObject({
      mark: 'failed',
      seen: 'not registered: Microsoft.Devices',
      remedy: 'az provider register --namespace Microsoft.Devices',
    });
  });

  it('the providers of the managed profile are required if there will be one', async () => {
    everything();
    writeFileSync(join(folder, 'Pulumi.dev.yaml'), withManaged(readFileSync(join(folder, 'Pulumi.dev.yaml'), 'utf8')));
    expect((await findings()).one('resource providers')).toMatchObject({
      mark: 'failed',
      seen: 'not registered: Microsoft.EventGrid, Microsoft.EventHub',
    });
  });
});

describe('with something missing', () => {
  it('without any tool, it reports each, and what it could not check', async () => {
    const { code, one, all } = await findings();
    expect(code).toBe(1);
    for (const tool of ['node', 'pulumi', 'az']) expect(one(tool)?.mark).toBe('failed');
    for (const check of ['az sign-in', 'pulumi sign-in', 'names', 'region']) expect(one(check)?.mark).toBe('unknown');
    for (const { mark, remedy } of all) if (mark === 'failed') expect(remedy).toBeTruthy();
  });

  it('a refused configuration is reported key by key, with the command', async () => {
    everything();
    writeFileSync(join(folder, 'Pulumi.dev.yaml'), 'config:\n  mqtt-saas:adminCidrs: ["0.0.0.0/0"]\n');
    const { of, code } = await findings();
    expect(code).toBe(1);
    expect(of('configuration').length).toBeGreaterThan(3);
    expect(of('configuration')[0]).toMatchObject({
      seen: expect.stringContaining('lets the whole internet try SSH'),
      remedy: expect.stringContaining('pulumi config set'),
    });
  });

  it('the committed example does not count as a configuration', async () => {
    everything();
    writeFileSync(join(folder, 'Pulumi.dev.yaml'), readFileSync(join(ROOT, 'Pulumi.dev.yaml')));
    expect((await findings()).one('configuration')).toMatchObject({
      mark: 'failed',
      seen: expect.stringMatching(/adminCidrs, sshPublicKey, owner, alertEmails, nameSuffix, databaseProjectRef$/),
    });
  });

  it.each([
    [['--target', 'nope'], 'no stack "nope"'],
    // Former names of --target.
    [['--stack', 'nope'], 'no stack "nope"'],
    [['-s', 'nope'], 'no stack "nope"'],
    [['--what'], 'unknown option'],
    [['x'], 'too many arguments'],
  ])('%j is a usage error', async (args, message) => {
    const { code, err, out } = await doctor(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  it('a program that never answers is stopped', async () => {
    const path = join(folder, 'bin/slow');
    writeFileSync(path, '#!/bin/sh\ntrap "" TERM\nexec sleep 600\n');
    chmodSync(path, 0o755);
    expect(await run(path, [], 200)).toEqual({ kind: 'late', seconds: 0.2 });
  });
});

describe('the environment', () => {
  it('reports whether what the stack needs is set, and never shows a value', () => {
    const look = (config: Partial<StackConfig>, env: NodeJS.ProcessEnv) =>
      examineEnvironment({ deployDatabase: true, ...config } as StackConfig, env);
    const domain = { domain: 'telemetry.contoso.com' };
    const noToken = { mark: 'warning', seen: 'not set: CLOUDFLARE_API_TOKEN' };
    expect(look(domain, { DATABASE_URL: 'x' })).toMatchObject(noToken);
    expect(look({ supabasePublishableKey: 'sb_publishable_x' }, { DATABASE_URL: 'x' })).toMatchObject(noToken);
    expect(look({ ...domain, deployDatabase: false }, {})).toMatchObject(noToken);
    expect(look({}, {})).toMatchObject({ mark: 'warning', seen: 'not set: DATABASE_URL' });
    expect(look({ deployDatabase: false }, {})).toMatchObject({ mark: 'ok' });
    const all = look(domain, { DATABASE_URL: 'postgresql://secret', CLOUDFLARE_API_TOKEN: 'secret' });
    expect(all).toMatchObject({ mark: 'ok', seen: expect.not.stringContaining('secret') });
  });
});

it('suggests the next size that is not retired', () => {
  for (const name of Object.keys(VM_SIZES) as VmSizeName[]) {
    const other: VmSize = VM_SIZES[anotherSize(name)];
    expect(anotherSize(name)).not.toBe(name);
    expect(other).toEqual({ vCpus: 2, memoryGiB: VM_SIZES[name].memoryGiB });
  }
});

describe('packages', () => {
  const config = { environment: 'dev', ubuntuPro: false } as StackConfig;
  it('with a hole that is open on the image fail, because the machine would not go live', () => {
    const found = examinePackages(config, openHoles(''));
    expect(found).toMatchObject({ mark: 'failed', remedy: expect.stringContaining('mqtt-saas:ubuntuPro') });
    expect(found.seen).toMatch(/mosquitto 2\.0\.18-1build3 \(CVE-2024-8376.*open to anyone with a device key\)/);
  });

  it('without one still have no security updates for universe, unless Ubuntu Pro is attached', () => {
    expect(examinePackages(config, [])).toMatchObject({ mark: 'warning', seen: expect.stringContaining('universe') });
    expect(examinePackages({ ...config, ubuntuPro: true }, openHoles(''))).toMatchObject({ mark: 'ok' });
  });

  it('are judged by the machine’s own words', () => {
    const words = ['BELOW THE FLOOR: a', 'NO SECURITY UPGRADES: b', 'RESTART DUE: c', 'NOT ACTIVE: d', 'REBOOT DUE: e'];
    const found = judgeOutput('machine', words.map((word) => `broker-apply: ${word}`).join('\n'), 'dev');
    expect(found).toMatchObject({ mark: 'warning', seen: words.join('; ') });
    const [, program = ''] = /sudo \/opt\/mqtt-saas\/current\/(\S+)/.exec(found.remedy ?? '') ?? [];
    expect(existsSync(join(ROOT, 'provisioning/machine/bundle', program)) && program).toBe('bin/check-machine.py');
    const source = readFileSync(join(ROOT, 'provisioning/machine/bundle/bin/mqtt_saas/check_machine.py'), 'utf8');
    for (const word of words) expect(source).toContain(`"${word.split(':')[0]}"`);
  });
});

describe('versions', () => {
  it.each([
    ['3.270.0', '3.270.0', true],
    ['3.9.0', '3.270.0', false],
    ['4.0', '3.270.0', true],
    ['24.1.0', '24', true],
  ])('%s is at least %s: %s', (a, b, verdict) => expect(atLeast(a, b)).toBe(verdict));
});
