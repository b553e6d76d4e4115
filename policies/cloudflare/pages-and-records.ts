// SEC-02: the Pages project exposes no secret; the dashboard is proxied by Cloudflare, the broker is not.
import { at, isObject, isSet, type Known, UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type ResourceRule, type RuleConfig } from '../rule.ts';
import { secretsIn } from '../secrets/detectors.ts';
import { isSecretName } from '../secrets/names.ts';
import { DNS_RECORDS, PAGES_PROJECT } from '../types.ts';

/** First labels of hosts that must not be proxied: without Spectrum, Cloudflare's proxy forwards neither port 8883 nor MQTT. */
const DIRECT_HOSTS = ['mqtt', 'mqtt-primary', 'mqtt-standby'];
/** Record types that Cloudflare can proxy. */
const PROXIABLE: Known[] = ['A', 'AAAA', 'CNAME'];

/** What is wrong with one variable: it is a secret by name or content and not stored as one. */
function judgeVariable(name: string, entry: Known): string | undefined {
  const value = isObject(entry) ? entry.value : entry;
  const isStoredAsSecret = isObject(entry) && entry.type === 'secret_text';
  if (isStoredAsSecret || !isSet(value)) return undefined;
  if (isSecretName(name)) return `Variable "${name}" looks like a secret by its name and is not of type secret_text.`;
  const [kind] = typeof value === 'string' ? secretsIn(value) : [];
  return kind === undefined ? undefined : `Variable "${name}" contains ${kind} and is not of type secret_text.`;
}

function judgeProject(configs: Known): string[] {
  if (configs === UNKNOWN) return ['Its variables are not known during preview.'];
  return ['production', 'preview'].flatMap((environment) =>
    ['envVars', 'environmentVariables'].flatMap((key) => {
      const variables = at(configs, environment, key);
      if (variables === UNKNOWN) return [`The variables of ${environment} are not known during preview.`];
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
  if (isDirect) return (proxied ?? false) === false ? [] : ['The broker’s record must not be proxied.'];
  // A name with a leading underscore (RFC 8552) carries a verification record and is not a host.
  if (host.startsWith('_')) return [];
  return proxied === true
    ? []
    : [proxied === UNKNOWN ? 'proxied is not known during preview.' : 'The record is not proxied.'];
}

export const pagesAndRecords: ResourceRule = {
  id: 'SEC-02',
  name: 'cloudflare-pages-and-records',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'Variables of a Pages project that are secrets by name or content have the type secret_text, in production and in preview. Address records are proxied, except the broker’s (mqtt.…, mqtt-primary.…, mqtt-standby.…), which must not be.',
  reason:
    'Plain variables are visible to everyone with access to the project. Without the proxy, the dashboard’s origin is exposed; with it, the broker is unreachable because Cloudflare does not forward MQTT.',
  fix: 'use { type: "secret_text", value } for the variable; set proxied: true on the record (false for the broker), or list the host in directHosts of cloudflare-pages-and-records in the policy configuration',
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
  remedy: 'proxying changes how a host is reached, and a value that was stored in plain text must be replaced',
  check({ urn, name, type, props }, config): Finding[] {
    const wrong = type === PAGES_PROJECT ? judgeProject(props.deploymentConfigs) : judgeRecord(props, config);
    return wrong.map((message) => ({ urn, message: `"${name}": ${message}` }));
  },
};
