// The environment's dashboard: where it is, what it is told, and what it is made from.
import type { Input, Resource } from '@pulumi/pulumi';
import { DashboardSite } from '../components/dashboard-site.ts';
import type { Placement } from '../components/placement.ts';
import { MQTT_TLS_PORT } from '../domain/ingress.ts';
import { sourcesHash } from '../provisioning/dashboard/sources.ts';
import type { StackConfig } from './configuration/parse.ts';

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
