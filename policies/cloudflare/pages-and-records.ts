// SEC-02: the dashboard's project shows no secret, and its address hides behind Cloudflare while the broker's does not.
import { at, isObject, isSet, type Known, UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type ResourceRule, type RuleConfig } from '../rule.ts';
import { secretsIn } from '../secrets/detectors.ts';
import { isSecretName } from '../secrets/names.ts';
import { DNS_RECORDS, PAGES_PROJECT } from '../types.ts';

/** First labels of hosts that are reached directly: Cloudflare's proxy passes neither 8883 nor MQTT without Spectrum. */
const DIRECT_HOSTS = ['mqtt'];
/** Record types that Cloudflare can proxy. */
const PROXIABLE: Known[] = ['A', 'AAAA', 'CNAME'];

/** What is wrong with one variable: a secret by name or content that is not stored as one. */
function judgeVariable(name: string, entry: Known): string | undefined {
  const value = isObject(entry) ? entry.value : entry;
  const isStoredAsSecret = isObject(entry) && entry.type === 'secret_text';
  if (isStoredAsSecret || !isSet(value)) return undefined;
  if (isSecretName(name)) return `Variable "${name}" is a secret by its name and not of type secret_text.`;
  const [kind] = typeof value === 'string' ? secretsIn(value) : [];
  return kind === undefined ? undefined : `Variable "${name}" holds ${kind} and is not of type secret_text.`;
}

function judgeProject(configs: Known): string[] {
  if (configs === UNKNOWN) return ['It is not known during preview which variables it has.'];
  return ['production', 'preview'].flatMap((environment) =>
    ['envVars', 'environmentVariables'].flatMap((key) => {
      const variables = at(configs, environment, key);
      if (variables === UNKNOWN) return [`It is not known during preview which variables ${environment} has.`];
      if (!isObject(variables)) return [];
      return Object.entries(variables).flatMap(([name, entry]) => judgeVariable(name, entry) ?? []);
    }),
  );
}

function judgeRecord({ type, name, proxied }: Record<string, Known>, { directHosts }: RuleConfig): string[] {
  if (type !== UNKNOWN && !PROXIABLE.includes(type)) return [];
  const direct: unknown[] = Array.isArray(directHosts) ? directHosts : DIRECT_HOSTS;
  const host = typeof name === 'string' ? name : '';
  const isDirect = direct.includes(host) || direct.includes(host.split('.')[0]);
  if (isDirect) return (proxied ?? false) === false ? [] : ['It is the broker’s and must not be proxied.'];
  // A name with an underscore (RFC 8552) proves something to somebody and is no host.
  if (host.startsWith('_')) return [];
  return proxied === true ? [] : ['It is not surely proxied.'];
}

export const pagesAndRecords: ResourceRule = {
  id: 'SEC-02',
  name: 'cloudflare-pages-and-records',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'Variables of a Pages project that are secrets by name or content are of type secret_text, in production and in preview. Address records are proxied, except the broker’s (mqtt.…), which must not be.',
  reason:
    'Plain variables are shown to everyone who may open the project; an unproxied dashboard shows its origin; a proxied broker cannot be reached, for Cloudflare passes no MQTT.',
  fix: 'use { type: "secret_text", value }, set proxied: true (false for the broker), or list hosts in directHosts of cloudflare-pages-and-records in the policy configuration',
  sources: [
    'Cloudflare, "Proxy status" (https://developers.cloudflare.com/dns/proxy-status/)',
    'Cloudflare, "Network ports" (https://developers.cloudflare.com/fundamentals/reference/network-ports/)',
  ],
  properties: {
    'PagesProject.deploymentConfigs': DEFAULT_IS_SAFE,
    'PagesProject.deploymentConfigs.preview.envVars': DEFAULT_IS_SAFE,
    'DnsRecord.proxied': REQUIRED,
  },
  configSchema: { properties: { directHosts: { type: 'array', items: { type: 'string' } } } },
  types: [PAGES_PROJECT, ...DNS_RECORDS],
  remedy: 'proxying changes how a host is reached, and a value that was stored in clear must be replaced',
  check({ urn, name, type, props }, config): Finding[] {
    const wrong = type === PAGES_PROJECT ? judgeProject(props.deploymentConfigs) : judgeRecord(props, config);
    return wrong.map((message) => ({ urn, message: `"${name}": ${message}` }));
  },
};
