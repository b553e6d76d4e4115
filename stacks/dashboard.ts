// The environment's dashboard: where it is, what it is told, and what it is made from.
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import type { Input, Resource } from '@pulumi/pulumi';
import { DashboardSite } from '../components/dashboard-site.ts';
import type { Placement } from '../components/placement.ts';
import { MQTT_TLS_PORT } from '../domain/ingress.ts';
import type { StackConfig } from './parse.ts';

const ROOT = join(import.meta.dirname, '..');

/** Arguments of {@link makeDashboard}. */
export interface DashboardArgs {
  config: StackConfig;
  placement: Placement;
  /** The broker's host name, for people who add a device. */
  brokerHost: string;
  /** Certificate of the private CA, PEM; undefined when the broker's certificate is a public one. */
  brokerCa: Input<string> | undefined;
  /** What must be there before. */
  after: Resource[];
}

/** The site; nothing where the configuration has no key for it to reach the database's API with. */
export function makeDashboard({
  config,
  placement,
  brokerHost,
  brokerCa,
  after,
}: DashboardArgs): DashboardSite | undefined {
  const { supabasePublishableKey, cloudflareAccountId, cloudflareZoneId, domain, environment } = config;
  if (!supabasePublishableKey || !cloudflareAccountId) return undefined;
  return new DashboardSite('dashboard', {
    accountId: cloudflareAccountId,
    projectName: placement.names.shared('pages'),
    domain: domain && cloudflareZoneId ? { hostName: `dashboard.${domain}`, zoneId: cloudflareZoneId } : undefined,
    sources: sourcesHash(),
    variables: {
      SUPABASE_URL: config.supabaseUrl ?? `https://${config.databaseProjectRef}.supabase.co`,
      SUPABASE_PUBLISHABLE_KEY: supabasePublishableKey,
      BROKER_HOST: brokerHost,
      BROKER_PORT: String(MQTT_TLS_PORT),
      ...(brokerCa ? { BROKER_CA: brokerCa } : {}),
      ENVIRONMENT: environment,
    },
    after,
  });
}

/** What a build, a test or a tool leaves in the dashboard's folder. */
const MADE = ['node_modules', 'out', '.next', '.wrangler', 'next-env.d.ts', 'test-results'];

/**
 * Of everything the site is built from. It is built where it is uploaded; a preview need not build it.
 * @param root folder of the checkout.
 */
export function sourcesHash(root = ROOT): string {
  const files = globSync(['package-lock.json', 'domain/*.ts', 'apps/dashboard/**/*.*'], {
    cwd: root,
    exclude: (path) => MADE.includes(basename(path)),
  }).filter((file) => !/\.test\.tsx?$/.test(file));
  const hash = createHash('sha256');
  for (const file of files.map((name) => name.split(sep).join('/')).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}
