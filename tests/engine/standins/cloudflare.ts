// The cloudflare provider, for the resources in use. What is computed is not known during a preview, of a change either (Terraform's
// rule for a computed attribute without a plan modifier); what makes another one are the RequiresReplace modifiers of
// terraform-provider-cloudflare (internal/services/*/schema.go).
import { randomBytes } from 'node:crypto';
import { uuid } from './cloud.ts';
import type { Model, Surroundings } from './model.ts';
import { isObject, UNKNOWN, type WireObject } from './values.ts';

const SINCE = '2026-01-01T00:00:00Z';

const KINDS: Record<string, { computed: string[]; replaces: string[] }> = {
  DnsRecord: { computed: ['createdOn', 'modifiedOn', 'proxiable', 'meta'], replaces: ['zoneId'] },
  AccountToken: { computed: ['value', 'issuedOn', 'status'], replaces: ['accountId'] },
  PagesProject: {
    computed: ['subdomain', 'domains', 'createdOn', 'canonicalDeployment'],
    replaces: ['accountId', 'name'],
  },
  PagesDomain: { computed: ['status', 'domainId', 'createdOn'], replaces: ['accountId', 'projectName', 'name'] },
};

export function cloudflare({ env, canary }: Surroundings): Model {
  const kindOf = (type: string) => type.split(':').at(-1)!;
  function answered(kind: string, inputs: WireObject, state?: WireObject): WireObject {
    if (kind === 'DnsRecord') return { createdOn: SINCE, modifiedOn: SINCE, proxiable: true };
    if (kind === 'AccountToken') {
      return { value: state?.value ?? canary + randomBytes(20).toString('hex'), status: 'active', issuedOn: SINCE };
    }
    if (kind === 'PagesDomain') return { status: 'active', domainId: uuid(String(inputs.name)), createdOn: SINCE };
    return { subdomain: `${inputs.name}.pages.dev`, domains: [`${inputs.name}.pages.dev`], createdOn: SINCE };
  }
  return {
    check: () => ({
      failures: env.CLOUDFLARE_API_TOKEN
        ? []
        : ['must provide exactly one of "api_key", "api_token" or "api_user_service_key"'],
    }),
    replaces: ({ form }, { type }) =>
      KINDS[kindOf(type)]?.replaces.some((key) => form === key || form.startsWith(`${key}.`)) ?? false,
    previewed: (type, inputs) => {
      const computed = KINDS[kindOf(type)]?.computed ?? [];
      return { ...inputs, ...Object.fromEntries(computed.map((key) => [key, UNKNOWN])) };
    },
    idOf: ({ type, urn, inputs }) =>
      kindOf(type) === 'PagesProject'
        ? String(inputs.name)
        : uuid(`${urn} ${randomBytes(4).toString('hex')}`).replaceAll('-', ''),
    make: ({ type, inputs, state }) => ({ ...inputs, ...answered(kindOf(type), inputs, state) }),
    inputsOf: (_, __, outputs, before) => {
      const known = before?.inputs ?? outputs;
      const seen = Object.entries(known).map(([key, value]) => [
        key,
        isObject(value) ? value : (outputs[key] ?? value),
      ]);
      return Object.fromEntries(seen);
    },
  };
}
