// The database, and the API through which the dashboard reaches it.
import { certificate, flag, hostName, oneOf, text, wholeNumber } from '../fields.ts';
import { key } from './key.ts';

const DIRECT_SUPABASE = /^db\.[a-z0-9]+\.supabase\.(co|com|in)$/;

const runner = text.regex(
  /^repo:[\w.-]+\/[\w.-]+:[\w.:/-]+$/,
  'is not the subject of a GitHub token: repo:OWNER/REPOSITORY:environment:NAME',
);

/** The keys, each with its rule, default and description. */
export const databaseKeys = {
  databaseHost: key(
    hostName.refine((host) => !DIRECT_SUPABASE.test(host), {
      error: `is Supabase's direct address, which has IPv6 only: Azure Functions cannot reach it. Use the pooler's address`,
      abort: true,
    }),
    {
      description:
        'Host of the Postgres database. For Supabase, the pooler: the direct `db.<ref>.supabase.co` has IPv6 only.',
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
      'CA certificate of the database, PEM. Required unless a public authority signed the database’s certificate. Supabase shows it in its dashboard under Database, SSL.',
    example: '"$(cat database-ca.crt)"',
  }),
  backupRunner: key(runner.optional(), {
    description:
      'Who backs the database up: the subject of the GitHub token that `.github/workflows/backup.yml` gets. With it, a storage account for backups is made, with an identity for this runner alone; outside dev, test and sandbox, nobody can delete a backup for 30 days.',
    example: 'repo:acme/mqtt-saas:environment:backup-prod',
  }),
  archiveRunner: key(runner.optional(), {
    description:
      'Who archives readings before retention removes them: the subject of the GitHub token that `.github/workflows/archive.yml` gets. With it, a storage account for the archive is made, with an identity for this runner alone, and no reading is removed that is not archived. Without it `pulumi up` switches the archive off, also where `ops retention` switched it on; readings are then dropped unarchived.',
    example: 'repo:acme/mqtt-saas:environment:archive-prod',
  }),
  archiveRedundancy: key(oneOf(['LRS', 'ZRS', 'GRS']).default('LRS'), {
    description:
      'Where the copies of the archive are: `LRS` in one data centre, `ZRS` in three of the region, `GRS` also in the paired region, for about twice the price of storage. The archive is the only copy of what left the database.',
    example: 'GRS',
  }),
  retentionDays: key(wholeNumber(1, 3650).optional(), {
    description:
      'For how many days readings stay, of tenants without days of their own (`ops retention`). Without it the database keeps what it has: 30 days in a new one, indefinitely in one that had readings before there was retention.',
    example: '30',
  }),
  deployDatabase: key(flag.default(true), {
    description:
      'Apply the migrations and set up the platform’s sign-ins during `pulumi up`, as the administrator in the environment variable `DATABASE_URL`. Only what changed is run.',
    example: 'false',
  }),
  supabasePublishableKey: key(
    text.regex(/^sb_publishable_[\w-]{10,}$/, 'is not a publishable key: sb_publishable_ and letters').optional(),
    {
      description:
        'Publishable key of the Supabase project; public, because every visitor of the dashboard gets it. With it, the dashboard is deployed.',
      example: 'sb_publishable_abcdefghijklmnopqrstuvwxyz12345',
    },
  ),
  supabaseUrl: key(text.regex(/^https:\/\/[\w.-]+(:\d+)?$/, 'is not an https address without a path').optional(), {
    description: 'Address of Supabase’s API for the dashboard. Default: `https://<databaseProjectRef>.supabase.co`.',
    example: 'https://abcdefghijklmnopqrst.supabase.co',
  }),
};
