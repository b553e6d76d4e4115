import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../../bootstrap/root.mjs';
import { withManaged } from '../testing/plan.ts';
import type { KeyMeta } from './keys/key.ts';
import { parseConfig } from './parse.ts';
import { keys } from './schema.ts';
import { looksLikeSecret } from './secrets-in-config.ts';

const stackFile = (stack: string): Record<string, unknown> =>
  parse(readFileSync(`${ROOT}/Pulumi.${stack}.yaml`, 'utf8')).config;
const stacks = readdirSync(ROOT).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);

/** The refusal of dev's configuration with one key changed: its problems, a line each. */
function refusal(key: string, value: unknown, stack = 'dev'): string[] {
  const config: Record<string, unknown> = {
    ...stackFile(stack),
    [key.includes(':') ? key : `mqtt-saas:${key}`]: value,
  };
  for (const name of Object.keys(config)) if (config[name] === undefined) delete config[name];
  try {
    parseConfig(config, stack);
  } catch (error) {
    const [first, ...problems] = (error as Error).message.split('\n');
    expect(first).toBe(`The configuration of stack ${stack} was refused:`);
    return problems.map((line) => line.trim());
  }
  throw new Error(`${key} = ${JSON.stringify(value)} was accepted`);
}

describe('stack files', () => {
  it('are dev and prod at least', () => expect(stacks).toEqual(expect.arrayContaining(['dev', 'prod'])));

  it.each(stacks)('%s is accepted, as written and as Pulumi hands it over', (stack) => {
    const written = stackFile(stack);
    const handedOver = Object.fromEntries(
      Object.entries(written).map(([key, value]) => [
        key,
        typeof value === 'object' ? JSON.stringify(value) : String(value),
      ]),
    );
    expect(parseConfig(handedOver, stack)).toEqual(parseConfig(written, stack));
  });

  it('get the defaults that the documentation promises', () => {
    expect(parseConfig(stackFile('dev'), 'dev')).toMatchObject({
      environment: 'dev',
      adminCidrs: ['203.0.113.10/32'],
      vmSize: 'Standard_B1s',
      databasePort: 6543,
      databaseName: 'postgres',
      webSocket: false,
      https: false,
      encryptionAtHost: true,
    });
  });
});

const SET_ADMIN = "Set it: pulumi config set --path 'mqtt-saas:adminCidrs[0]' 203.0.113.10/32 --stack dev";
const GIVE = 'give the one public address that you connect from';

describe('the managed profile', () => {
  const managed = parse(withManaged(readFileSync(`${ROOT}/Pulumi.dev.yaml`, 'utf8'))).config;

  it('needs an authority for devices', () => {
    const [problem, ...others] = refusal('managed', true);
    expect(problem).toMatch(
      /^mqtt-saas:managedDeviceCa in Pulumi\.dev\.yaml is missing: the managed broker knows devices by/,
    );
    expect(others).toEqual([]);
    expect(parseConfig(managed, 'dev')).toMatchObject({ managed: true, managedThroughputUnits: 1 });
  });

  it.each([
    ['10.30.0.0/26', 'is not inside addressSpace 10.20.0.0/24'],
    ['10.20.0.0/26', 'and subnetPrefix 10.20.0.0/28 have addresses in common'],
    ['10.20.0.64/28', 'is not a /8 to /27'],
  ])('does not put the app into %s', (functionsSubnetPrefix, what) => {
    const config = { ...managed, 'mqtt-saas:functionsSubnetPrefix': functionsSubnetPrefix };
    expect(() => parseConfig(config, 'dev')).toThrow(`"${functionsSubnetPrefix}" ${what}`);
  });
});

describe('an administrator’s address', () => {
  it.each([
    [undefined, 'mqtt-saas:adminCidrs', 'is missing'],
    [[], 'mqtt-saas:adminCidrs', 'is empty'],
    [['0.0.0.0/0'], 'mqtt-saas:adminCidrs[0]', `"0.0.0.0/0" lets the whole internet try SSH: ${GIVE}`],
    [['::/0'], 'mqtt-saas:adminCidrs[0]', `"::/0" lets the whole internet try SSH: ${GIVE}`],
    [['203.0.113.10/32', '203.0.113.0/24'], 'mqtt-saas:adminCidrs[1]', `"203.0.113.0/24" is wider than /32: ${GIVE}`],
    [['203.0.113.10/32', '2001:db8::/64'], 'mqtt-saas:adminCidrs[1]', `"2001:db8::/64" is wider than /128: ${GIVE}`],
    [['203.0.113.10'], 'mqtt-saas:adminCidrs[0]', '"203.0.113.10" has no prefix length: write 203.0.113.10/32'],
    [
      ['10.1.2.3/32'],
      'mqtt-saas:adminCidrs[0]',
      `"10.1.2.3/32" is a private address, which no packet from the internet has: ${GIVE}`,
    ],
    [
      ['100.64.0.1/32'],
      'mqtt-saas:adminCidrs[0]',
      `"100.64.0.1/32" is a carrierGradeNat address, which no packet from the internet has: ${GIVE}`,
    ],
    [
      ['fd00::1/128', '203.0.113.10/32'],
      'mqtt-saas:adminCidrs[0]',
      `"fd00::1/128" is a uniqueLocal address, which no packet from the internet has: ${GIVE}`,
    ],
    [
      ['::ffff:203.0.113.10/128', '203.0.113.10/32'],
      'mqtt-saas:adminCidrs[0]',
      `"::ffff:203.0.113.10/128" is a ipv4Mapped address, which no packet from the internet has: ${GIVE}`,
    ],
    [['office'], 'mqtt-saas:adminCidrs[0]', `"office" is not an address such as 203.0.113.10/32: ${GIVE}`],
    [
      ['2001:db8::7/128'],
      'mqtt-saas:adminCidrs',
      'has no IPv4 address: the machine has only an IPv4 address, so SSH would be unreachable',
    ],
  ])('%j is refused', (value, where, what) => {
    expect(refusal('adminCidrs', value)).toEqual([`${where} in Pulumi.dev.yaml ${what}. ${SET_ADMIN}`]);
  });

  it('of IPv6 is accepted beside one of IPv4', () => {
    const adminCidrs = ['203.0.113.10/32', '2001:db8::7/128'];
    expect(parseConfig({ ...stackFile('dev'), 'mqtt-saas:adminCidrs': adminCidrs }, 'dev')).toMatchObject({
      adminCidrs,
    });
  });
});

const rsa = (bits: number): string => {
  const jwk = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
  const field = (data: Buffer) => Buffer.concat([Buffer.from([0, 0, data.length >> 8, data.length & 255]), data]);
  const number = (text = '') => field(Buffer.concat([Buffer.alloc(1), Buffer.from(text, 'base64url')]));
  return `ssh-rsa ${Buffer.concat([field(Buffer.from('ssh-rsa')), number(jwk.e), number(jwk.n)]).toString('base64')} me`;
};

describe('a value that would break a guarantee', () => {
  const set = (key: string, example: string) => `Set it: pulumi config set mqtt-saas:${key} ${example} --stack dev`;
  it.each([
    [
      'vmSize',
      'Standard_D4s_v5',
      /^mqtt-saas:vmSize in Pulumi.dev.yaml "Standard_D4s_v5" is not one of Standard_B1s, .*\. Set it: pulumi config set mqtt-saas:vmSize Standard_B2ts_v2 --stack dev$/,
    ],
    ['location', undefined, `mqtt-saas:location in Pulumi.dev.yaml is missing. ${set('location', 'northeurope')}`],
    ['location', 'mars', /"mars" is not one of australiaeast, /],
    ['owner', undefined, `mqtt-saas:owner in Pulumi.dev.yaml is missing. ${set('owner', 'platform@example.com')}`],
    [
      'databaseHost',
      'db.abcdefghijklmnopqrst.supabase.co',
      `mqtt-saas:databaseHost in Pulumi.dev.yaml is Supabase's direct address, which has IPv6 only: Azure Functions cannot reach it. Use the pooler's address. ${set('databaseHost', 'aws-0-eu-north-1.pooler.supabase.com')}`,
    ],
    ['databaseHost', 'DB.abcdefghijklmnopqrst.supabase.co', /IPv6 only/],
    ['databaseHost', 'localhost', /"localhost" is not a DNS name/],
    ['supabasePublishableKey', 'sb_secret_abcdefghijklmnop', /holds a secret in plain text/],
    [
      'supabasePublishableKey',
      'sb_publishable_abcdefghijkl',
      /^mqtt-saas:cloudflareAccountId in Pulumi.dev.yaml is missing: the dashboard is deployed into that account/,
    ],
    ['ingestGeneration', 2, /rotate ingest --target dev brings the next one into force/],
    ['ingestGenerationsInForce', '[2]', /^mqtt-saas:ingestGeneration in .* 1 is not in force on the broker \(2 is\)/],
    ['ingestGenerationsInForce', '[1,2,3]', /has more than two/],
    ['databaseProjectRef', undefined, /is missing: the Supabase pooler finds the project by the end of the user name/],
    [
      'databaseCa',
      'no certificate',
      /is not a CA certificate in PEM form.*: pulumi config set mqtt-saas:databaseCa --stack dev -- "\$\(cat database-ca.crt\)"$/,
    ],
    ['databasePort', '0', /is not a whole number from 1 to 65535/],
    ['webSocket', 'yes', /is neither true nor false/],
    ['addressSpace', '8.8.8.0/24', /is not in 10.0.0.0\/8, 172.16.0.0\/12 or 192.168.0.0\/16/],
    ['addressSpace', '10.20.0.5/24', /has host bits set; the range is 10.20.0.0\/24/],
    ['subnetPrefix', '10.99.0.0/28', /"10.99.0.0\/28" is not inside addressSpace 10.20.0.0\/24/],
    ['subnetPrefix', '10.0.0.0/8', /"10.0.0.0\/8" is not inside addressSpace/],
    ['nameSuffix', 'TooLong', /is not 3 to 6 of a-z and 0-9/],
    ['vaultRetentionDays', 3, /is not a whole number from 7 to 90/],
    ['alertEmails', undefined, /alertEmails in Pulumi.dev.yaml is missing. Set it: .*'mqtt-saas:alertEmails\[0\]'/],
    ['alertEmails', ['platform@example.com', 'me'], /alertEmails\[1\] in Pulumi.dev.yaml is not a mail address/],
    ['logDailyCapGb', '0', /is not a number from 0.023 to 100/],
    ['logRetentionDays', 7, /is not a whole number from 30 to 730/],
    ['logLevel', 'error', /"error" is not one of debug, info/],
    [
      'queueOutageHours',
      100,
      /is too long: a full queue of 3600000 messages takes \d+ MiB of memory; a machine with 1 GiB has \d+ MiB for it/,
    ],
    ['standbyBroker', 'true', /domain in .* is missing: a fail-over moves the broker’s name/],
    ['activeBroker', 'standby', /is standby, but there is none: move the name back first/],
    ['acmeDirectory', 'http://acme.example.com', /is not an https address/],
    ['sshPublicKey', 'ssh-dss AAAA', /is not an ssh-ed25519 or ssh-rsa public key/],
    ['sshPublicKey', 'ssh-ed25519 AAAAB3NzaC1yc2E=', /is damaged/],
    ['sshPublicKey', rsa(1024), /is an RSA key of 1024 bits; Azure wants at least 2048/],
  ])('%s = %j is refused', (key, value, expected) => {
    const problems = refusal(key, value);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
  });

  it('accepts an RSA key of 2048 bits', () => {
    expect(() => parseConfig({ ...stackFile('dev'), 'mqtt-saas:sshPublicKey': rsa(2048) }, 'dev')).not.toThrow();
  });

  it('is a private CA in prod', () => {
    expect(refusal('domain', undefined, 'prod')).toEqual([
      'mqtt-saas:domain in Pulumi.prod.yaml is missing: devices of prod verify certificates, so the broker needs a public one, and for that a domain. Set it: pulumi config set mqtt-saas:domain telemetry.example.com --stack prod',
    ]);
  });

  it('is named together with all the others', () => {
    const config = { ...stackFile('dev'), 'mqtt-saas:vmSize': 'huge', 'mqtt-saas:adminCidrs': ['0.0.0.0/0'] };
    expect(() => parseConfig(config, 'dev')).toThrow(/adminCidrs\[0\].*\n.*vmSize/);
  });

  it('is a stack name that does not fit into resource names', () => {
    expect(() => parseConfig(stackFile('dev'), 'feature-branch')).toThrow(/"feature-branch" cannot name resources/);
  });
});

describe('a key that is not one', () => {
  it('is refused', () => {
    expect(refusal('vmsize', 'Standard_B1s')).toEqual([
      'mqtt-saas:vmsize in Pulumi.dev.yaml is not a key of this program. Remove it: pulumi config rm mqtt-saas:vmsize --stack dev',
    ]);
  });

  it.each(['constructor', 'toString', '__proto__'])('is refused even when objects have it: %s', (key) => {
    expect(refusal(key, 'x')[0]).toContain('is not a key of this program');
  });

  it('of a provider is none of our business', () => {
    expect(() => parseConfig({ ...stackFile('dev'), 'azure-native:location': 'northeurope' }, 'dev')).not.toThrow();
  });
});

describe('a secret in a stack file', () => {
  it.each([
    ['databasePassword', 'hunter2hunter2'],
    ['databaseUrl', 'postgresql://me:hunter2hunter2@db.example.com/x'],
    ['owner', 'eyJhbGciOiJIUzI1NiJ9.eyJoIjoiaHVudGVyMiJ9.hunter2hunter2'],
    ['sshPublicKey', '-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2hunter2'],
    ['azure-native:clientSecret', 'hunter2hunter2'],
    ['cloudflare:apiToken', 'hunter2hunter2'],
  ])('in plain text is refused and not repeated: %s', (key, value) => {
    const problems = refusal(key, value);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('holds a secret in plain text');
    expect(problems[0]).not.toContain('hunter2');
  });

  it('is accepted for a provider when it is encrypted, and refused as one of ours', () => {
    const secure = { secure: 'AAABAF4=' };
    expect(() => parseConfig({ ...stackFile('dev'), 'cloudflare:apiToken': secure }, 'dev')).not.toThrow();
    expect(refusal('owner', secure)[0]).toContain(
      'mqtt-saas:owner in Pulumi.dev.yaml is encrypted, but is not a secret',
    );
  });

  it('is nothing that the program’s own keys and examples look like', () => {
    for (const [name, type] of Object.entries(keys.shape)) {
      expect(looksLikeSecret(name, (type.meta() as unknown as KeyMeta).example), name).toBe(false);
    }
  });
});
