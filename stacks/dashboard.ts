// The environment's dashboard: its address, its variables, and the hash of its sources.
import type { Input, Resource } from '@pulumi/pulumi';
import { DashboardSite } from '../components/dashboard-site.ts';
import { functionAppUrl } from '../components/function-app.ts';
import type { Placement } from '../components/placement.ts';
import { MQTT_TLS_PORT } from '../domain/ingress.ts';
import { sourcesHash } from '../provisioning/dashboard/sources.ts';
import type { StackConfig } from './configuration/parse.ts';
import { supabaseUrl } from './tables/settings.ts';

/** Arguments of {@link makeDashboard}. */
export interface DashboardArgs {
  config: StackConfig;
  placement: Placement;
  /** The broker's host name, shown to people who add a device. */
  brokerHost: string;
  /** Certificate of the private CA, PEM; undefined when the broker's certificate is a public one. */
  brokerCa: Input<string> | undefined;
  /** What must be deployed before. */
  after: Resource[];
}

/** The site; undefined if the configuration has no key for the database's API. */
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
      SUPABASE_URL: supabaseUrl(config),
      SUPABASE_PUBLISHABLE_KEY: supabasePublishableKey,
      BROKER_HOST: brokerHost,
      BROKER_PORT: String(MQTT_TLS_PORT),
      ...(brokerCa ? { BROKER_CA: brokerCa } : {}),
      ...(config.questionsUrl && { QUESTIONS_URL: `${functionAppUrl(placement.names)}/api/questions` }),
      ENVIRONMENT: environment,
    },
    after,
  });
}
