// Every configuration key of an environment: what it means, what it may be, its default. docs/configuration.md is made
// from this file.
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { VM_SIZES, type VmSizeName } from '../components/vm-sizes.ts';
import { LETS_ENCRYPT } from '../provisioning/broker/bundle/settings.ts';
import { assertQueueFits } from '../provisioning/broker/queue.ts';
import { SOURCE_LIMITS } from '../provisioning/machine/firewall.ts';
import { adminAddress } from './admin-address.ts';
import { adoption, overdue } from './adoption-plan.ts';
import {
  certificate,
  flag,
  hostName,
  listOf,
  mailbox,
  number,
  oneOf,
  privateRange,
  text,
  wholeNumber,
} from './fields.ts';
import { queueOf } from './queue.ts';
import { REGIONS } from './regions.ts';
import { sshPublicKey } from './ssh-key.ts';

/** What a person needs to know to set a key. */
export interface KeyMeta {
  /** One or two sentences. */
  description: string;
  /** A value that is accepted, as it is typed after `pulumi config set`. */
  example: string;
}

const key = <T extends z.ZodType>(type: T, meta: KeyMeta): T => type.meta({ ...meta });

/** The highest tag value Azure accepts. */
const TAG_LENGTH = 256;

const tagValue = text.max(TAG_LENGTH, `is longer than ${TAG_LENGTH} characters`);

const cloudflareId = text.regex(/^[0-9a-f]{32}$/, 'is not an id of Cloudflare: 32 of 0-9 and a-f');

const acmeDirectory = text.regex(/^https:\/\/[\w.-]+(:\d+)?(\/[\w./-]*)?$/, 'is not an https address');

/** The keys below `mqtt-saas:`, each with its rule, default and description. */
export const keys = z.strictObject({
  adminCidrs: key(
    listOf(adminAddress).refine((cidrs) => cidrs.some((cidr) => ipaddr.parseCIDR(cidr)[0].kind() === 'ipv4'), {
      error: 'has no IPv4 address: the machine has an IPv4 address only, so nobody could reach SSH',
    }),
    {
      description:
        'Addresses SSH is open to. Each is one public address: `/32`, or `/128` for IPv6. At least one is IPv4.',
      example: '203.0.113.10/32',
    },
  ),
  sshPublicKey: key(sshPublicKey, {
    description:
      'Public key of the administrator, one line of OpenSSH format: `ssh-ed25519`, or `ssh-rsa` of 2048 bits.',
    example: '"$(cat ~/.ssh/id_ed25519.pub)"',
  }),
  location: key(oneOf(REGIONS), {
    description: 'Azure region. It decides where telemetry is processed, so there is no default.',
    example: 'northeurope',
  }),
  owner: key(tagValue, {
    description: 'Tag `owner` of every resource: the team or mailbox that answers for the environment.',
    example: 'platform@example.com',
  }),
  costCenter: key(tagValue, {
    description: 'Tag `costCenter` of every resource: who pays.',
    example: 'iot-0001',
  }),
  nameSuffix: key(text.regex(/^[a-z0-9]{3,6}$/, 'is not 3 to 6 of a-z and 0-9'), {
    description:
      'Ends the names that must be unique in all of Azure (vault, storage account, Function App, host name). Any 3 to 6 of a-z and 0-9; never change it. A deleted vault keeps its name until it is purged.',
    example: '"$(openssl rand -hex 3)"',
  }),
  domain: key(hostName.optional(), {
    description:
      'Domain of the environment. The broker is `mqtt.<domain>` with a public (ACME) certificate. Required in `prod`; without it a private CA is made.',
    example: 'telemetry.example.com',
  }),
  vmSize: key(oneOf(Object.keys(VM_SIZES) as [VmSizeName, ...VmSizeName[]]).default('Standard_B1s'), {
    description:
      'Size of the broker machine. `Standard_B1s` is retired on 2028-11-15; `Standard_B2ts_v2` is its successor.',
    example: 'Standard_B2ts_v2',
  }),
  dataDiskGb: key(wholeNumber(4, 1024).default(8), {
    description: 'Size of the disk for sessions and queues, GiB, 4 to 1024. It can grow, never shrink.',
    example: '8',
  }),
  encryptionAtHost: key(flag.default(true), {
    description:
      'Encrypt the host’s disk caches too. Free, but the subscription must have the feature: `az feature register --namespace Microsoft.Compute --name EncryptionAtHost`.',
    example: 'true',
  }),
  addressSpace: key(privateRange(8, 28).default('10.20.0.0/24'), {
    description: 'Private IPv4 range of the virtual network, `/8` to `/28`.',
    example: '10.20.0.0/24',
  }),
  subnetPrefix: key(privateRange(8, 29).default('10.20.0.0/28'), {
    description: 'Private IPv4 range of the broker’s subnet, inside `addressSpace`, `/29` or larger.',
    example: '10.20.0.0/28',
  }),
  webSocket: key(flag.default(false), {
    description: 'Open MQTT over WebSocket with TLS on 9001.',
    example: 'true',
  }),
  https: key(flag.default(false), {
    description: 'Open HTTPS on 443.',
    example: 'true',
  }),
  databaseHost: key(
    hostName.refine((host) => !DIRECT_SUPABASE.test(host), {
      error: `is Supabase's direct address, which has IPv6 only: Azure Functions cannot reach it. Use the pooler's address`,
      abort: true,
    }),
    {
      description:
        'Host of the Postgres database. For Supabase: the pooler, because the direct `db.<ref>.supabase.co` has IPv6 only.',
      example: 'aws-0-eu-north-1.pooler.supabase.com',
    },
  ),
  databasePort: key(wholeNumber(1, 65535).default(6543), {
    description: 'Port of the database: 6543 is Supabase’s transaction pooler, 5432 its session pooler.',
    example: '6543',
  }),
  databaseName: key(text.regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'is not a plain database name').default('postgres'), {
    description: 'Name of the database.',
    example: 'postgres',
  }),
  databaseProjectRef: key(text.regex(/^[a-z]{20}$/, 'is not a project reference: 20 letters a to z').optional(), {
    description:
      'Supabase project reference, the 20 letters in the project’s address. Required with the pooler, whose user names end with it.',
    example: 'abcdefghijklmnopqrst',
  }),
  databaseCa: key(certificate.optional(), {
    description:
      'CA certificate of the database, PEM. Required where it is no public one: Supabase’s is in its dashboard, under Database, SSL.',
    example: '"$(cat database-ca.crt)"',
  }),
  vaultRetentionDays: key(wholeNumber(7, 90).default(90), {
    description: 'How long Key Vault keeps what was deleted, days, 7 to 90. Fixed once the vault exists.',
    example: '90',
  }),
  ingestBatchCap: key(wholeNumber(1, 100_000).default(5000), {
    description: 'Most messages one ingest run stores before it ends.',
    example: '5000',
  }),
  ingestTimeGuardMs: key(wholeNumber(1000, 540_000).default(45_000), {
    description: 'Longest an ingest run works, milliseconds, 1,000 to 540,000; shorter than the minute between runs.',
    example: '45000',
  }),
  queueMessagesPerSecond: key(wholeNumber(1, 10_000).default(10), {
    description:
      'Messages a second of all devices together that the broker’s queue is made for. Rate, outage and size decide how much may wait; more than the machine’s memory or disk holds is refused.',
    example: '10',
  }),
  queueOutageHours: key(wholeNumber(1, 168).default(8), {
    description: 'Longest time without ingest that loses nothing at that rate, hours, 1 to 168.',
    example: '8',
  }),
  queueMessageBytes: key(wholeNumber(1, 1_048_576).default(256), {
    description: 'Mean payload of a message the queue is made for, bytes.',
    example: '256',
  }),
  brokerMaxMessageKb: key(wholeNumber(1, 1024).default(128), {
    description: 'Largest payload the broker takes, KiB, 1 to 1,024. A larger one disconnects its device.',
    example: '128',
  }),
  brokerMaxConnections: key(wholeNumber(10, 60_000).default(2000), {
    description: 'Most clients connected at a time, 10 to 60,000.',
    example: '2000',
  }),
  sourceKibPerSecond: key(wholeNumber(16, 100_000).default(SOURCE_LIMITS.kibPerSecond), {
    description:
      'KiB a second one address may send to the broker, 16 to 100,000, so that nobody’s flood keeps the others waiting. A site behind one address is one source: raise it for a busy one.',
    example: '64',
  }),
  sourceConnections: key(wholeNumber(1, 60_000).default(SOURCE_LIMITS.connections), {
    description: 'Most connections of one address at a time, 1 to 60,000.',
    example: '256',
  }),
  brokerAutosaveSeconds: key(wholeNumber(1, 3600).default(300), {
    description:
      'Seconds between the broker’s own saves of its state, 1 to 3,600. A fallback: the machine saves as often as its disk allows.',
    example: '300',
  }),
  cloudflareZoneId: key(cloudflareId.optional(), {
    description:
      'Id of the Cloudflare zone that `domain` is in; the zone’s overview page shows it. Required with `domain`.',
    example: '0123456789abcdef0123456789abcdef',
  }),
  cloudflareAccountId: key(cloudflareId.optional(), {
    description: 'Id of the Cloudflare account that the zone is in; the same page shows it. Required with `domain`.',
    example: 'fedcba9876543210fedcba9876543210',
  }),
  acmeDirectory: key(acmeDirectory.default(LETS_ENCRYPT), {
    description: 'Directory of the ACME server that certifies the broker when there is a `domain`.',
    example: 'https://acme-staging-v02.api.letsencrypt.org/directory',
  }),
  acmeEmail: key(mailbox.optional(), {
    description: 'Mailbox the ACME server may write to. Without it the account has none.',
    example: 'platform@example.com',
  }),
  ingestGeneration: key(wholeNumber(1, 9999).default(1), {
    description:
      'Generation of the broker account that ingest signs in with; one of `ingestGenerationsInForce`. Set it back to the one before to roll a rotation back: `npm run ops -- rotate ingest`.',
    example: '1',
  }),
  ingestGenerationsInForce: key(listOf(wholeNumber(1, 9999)).default([1]), {
    description:
      'Generations of that account which the broker was seen to accept, one or two. Written by `npm run ops -- rotate ingest`, not by hand.',
    example: "'[1]'",
  }),
  logLevel: key(oneOf(['debug', 'info']).default('info'), {
    description: 'Least severity that is logged. The alerts read each run’s summary, which is `info`.',
    example: 'info',
  }),
  alertEmails: key(listOf(mailbox), {
    description: 'Mailboxes that alerts and the budget write to.',
    example: 'platform@example.com',
  }),
  monthlyBudget: key(wholeNumber(1, 100_000).default(40), {
    description:
      'What the environment may cost a month, in the currency the subscription is billed in. Mail at 50, 80 and 100 % of it, and when the forecast reaches it. Over 200, set `cap` of the policy `governance-budget` too.',
    example: '40',
  }),
  logRetentionDays: key(wholeNumber(30, 730).default(30), {
    description: 'How long logs are kept, days, 30 to 730. The first 31 are free.',
    example: '30',
  }),
  logDailyCapGb: key(number(0.023, 100).default(0.15), {
    description:
      'Log taken in a day, GB, 0.023 to 100; the rest of the day is not written, and the alert `ingest-stalled` fires. The default stays within the 5 GB a month that are free.',
    example: '0.15',
  }),
  adoption: key(adoption.optional(), {
    description:
      'An environment that ran before, and how far it has come: `docs/adoption.md`. Written by `npm run ops -- adopt`, not by hand.',
    example: "'{…}'",
  }),
});

const DIRECT_SUPABASE = /^db\.[a-z0-9]+\.supabase\.(co|com|in)$/;
const POOLER = /\.pooler\.supabase\.com$/;

/** Rules between keys, for one stack. A schema again, so that all problems come out in one form. */
export function schemaFor(stack: string) {
  return keys.superRefine((config, context) => {
    const refuse = (path: keyof typeof config, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });

    if (stack === 'prod' && config.domain === undefined) {
      refuse('domain', 'is missing: prod serves strict clients, so it needs a public certificate, and that a domain');
    }
    for (const id of ['cloudflareZoneId', 'cloudflareAccountId'] as const) {
      if (config.domain !== undefined && config[id] === undefined)
        refuse(id, 'is missing: the broker’s name and certificate need it');
    }
    if (!contains(config.addressSpace, config.subnetPrefix)) {
      refuse('subnetPrefix', `"${config.subnetPrefix}" is not inside addressSpace ${config.addressSpace}`);
    }
    if (config.ingestGenerationsInForce.length > 2) {
      refuse('ingestGenerationsInForce', 'has more than two: one rotation ends before the next begins');
    }
    if (!config.ingestGenerationsInForce.includes(config.ingestGeneration)) {
      const inForce = config.ingestGenerationsInForce.join(' and ');
      const remedy = `npm run ops -- rotate ingest --stack ${stack} brings the next one into force and switches over`;
      refuse('ingestGeneration', `${config.ingestGeneration} is not in force on the broker (${inForce} is); ${remedy}`);
    }
    const late = config.adoption && overdue(config.adoption, new Date().toISOString().slice(0, 10));
    if (late) refuse('adoption', late);
    const tooMuch = queueProblem(config);
    if (tooMuch) refuse('queueOutageHours', `is too long: ${tooMuch}`);
    if (POOLER.test(config.databaseHost) && config.databaseProjectRef === undefined) {
      refuse('databaseProjectRef', "is missing: the Supabase pooler tells projects apart by the user name's ending");
    }
  });
}

/** Why the machine cannot hold the queue that is planned for; undefined when it can. */
function queueProblem(config: z.output<typeof keys>): string | undefined {
  try {
    const { memoryGiB } = VM_SIZES[config.vmSize];
    assertQueueFits(queueOf(config), { memoryGiB, dataDiskGb: config.dataDiskGb });
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}

function contains(outer: string, inner: string): boolean {
  const [base, length] = ipaddr.IPv4.parseCIDR(outer);
  const [address, innerLength] = ipaddr.IPv4.parseCIDR(inner);
  return innerLength >= length && address.match(base, length);
}
