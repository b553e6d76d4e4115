// The configuration of each policy: the defaults of its schema, overridden by the pack's own settings and then by
// --policy-pack-config (ReconcilePolicyPackConfig in pulumi/pulumi). The pack reads the stack's configuration with
// pulumi.Config.
import { readFileSync } from 'node:fs';
import type * as types from '@pulumi/pulumi/proto/analyzer_pb.js';
import messages from '@pulumi/pulumi/proto/analyzer_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import { Refusal } from '../refusal.ts';

type Properties = Record<string, struct.JavaScriptValue>;

/** A policy's level, or an object with the level and the policy's own keys; `all` means every policy. */
export type GivenConfig = Readonly<Record<string, unknown>>;

const LEVELS = new Map<unknown, types.EnforcementLevel>([
  ['advisory', messages.EnforcementLevel.ADVISORY],
  ['mandatory', messages.EnforcementLevel.MANDATORY],
  ['remediate', messages.EnforcementLevel.REMEDIATE],
  ['disabled', messages.EnforcementLevel.DISABLED],
]);

/** Reads the file of --policy-pack-config. @throws Refusal when Pulumi would not accept it. */
export function readPolicyConfig(path: string): GivenConfig {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Refusal(`The policy configuration ${path} cannot be read: ${(error as Error).message}.`);
  }
  if (!isObject(given)) throw new Refusal(`The policy configuration ${path} is not an object with a key per policy.`);
  for (const [policy, value] of Object.entries(given)) {
    const level = isObject(value) ? (value.enforcementLevel ?? 'advisory') : value;
    if (!LEVELS.has(level))
      throw new Refusal(
        `The policy configuration ${path}: the level of ${policy} must be one of ${[...LEVELS.keys()].join(', ')}.`,
      );
  }
  return given;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function given(
  config: GivenConfig,
  policy: string,
): { level?: types.EnforcementLevel | undefined; properties: Properties } {
  const value = config[policy];
  if (!isObject(value)) return { level: LEVELS.get(value), properties: {} };
  const { enforcementLevel, ...properties } = value;
  return { level: LEVELS.get(enforcementLevel), properties: properties as Properties };
}

/**
 * @param config the user's configuration. Default: none.
 * @throws Error naming required settings that are missing; Refusal naming settings that do not match a policy's schema,
 * which the engine refuses too.
 */
export async function configureRequest(
  info: types.AnalyzerInfo,
  config: GivenConfig = {},
): Promise<types.ConfigureAnalyzerRequest> {
  const initial = info.getInitialconfigMap();
  const forAll = initial.get('all');
  const request = new messages.ConfigureAnalyzerRequest();
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const policy of info.getPoliciesList()) {
    const own = initial.get(policy.getName());
    const users = given(config, policy.getName());
    const properties = { ...schemaDefaults(policy), ...asProperties(own?.getProperties()), ...users.properties };
    const level =
      users.level ??
      given(config, 'all').level ??
      (own ?? forAll)?.getEnforcementlevel() ??
      policy.getEnforcementlevel();
    for (const required of policy.getConfigschema()?.getRequiredList() ?? []) {
      if (!(required in properties)) missing.push(`${policy.getName()} needs ${required}`);
    }
    if (Object.keys(users.properties).length > 0) wrong.push(...(await problemsOf(policy, properties)));
    const message = new messages.PolicyConfig().setEnforcementlevel(level);
    request.getPolicyconfigMap().set(policy.getName(), message.setProperties(struct.Struct.fromJavaScript(properties)));
  }
  if (wrong.length > 0) throw new Refusal(`The policy configuration does not match the schema: ${wrong.join('; ')}.`);
  if (missing.length > 0) throw new Error(`its configuration is incomplete: ${missing.join('; ')}`);
  return request;
}

/** Settings that do not match the policy's JSON schema. Missing settings are reported separately. */
async function problemsOf(policy: types.PolicyInfo, properties: Properties): Promise<string[]> {
  const schema = asProperties(policy.getConfigschema()?.getProperties());
  // Loaded only when needed: it takes a tenth of a second.
  const { z } = await import('zod');
  const result = z
    .fromJSONSchema({ type: 'object', properties: schema } as Parameters<typeof z.fromJSONSchema>[0])
    .safeParse(properties);
  const issues = result.error?.issues ?? [];
  return issues.map(
    ({ path, message }) => `${policy.getName()}: ${path.join('.')}: ${message.replace('Invalid input: ', '')}`,
  );
}

function schemaDefaults(policy: types.PolicyInfo): Properties {
  const schema = asProperties(policy.getConfigschema()?.getProperties());
  const defaults = Object.entries(schema).flatMap(([name, type]) =>
    typeof type === 'object' && type !== null && 'default' in type ? [[name, type.default] as const] : [],
  );
  return Object.fromEntries(defaults) as Properties;
}

const asProperties = (from?: struct.Struct): Properties => (from?.toJavaScript() ?? {}) as Properties;
