// What each policy of a pack is configured with: the defaults of its schema, then what the pack itself sets
// (ReconcilePolicyPackConfig in pulumi/pulumi). The pack reads the stack's own configuration by pulumi.Config.

import type * as types from '@pulumi/pulumi/proto/analyzer_pb.js';
import messages from '@pulumi/pulumi/proto/analyzer_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';

type Properties = Record<string, struct.JavaScriptValue>;

/** @throws Error naming the policies that require a setting which nothing gives. */
export function configureRequest(info: types.AnalyzerInfo): types.ConfigureAnalyzerRequest {
  const initial = info.getInitialconfigMap();
  const forAll = initial.get('all');
  const request = new messages.ConfigureAnalyzerRequest();
  const missing: string[] = [];
  for (const policy of info.getPoliciesList()) {
    const own = initial.get(policy.getName());
    const properties = { ...schemaDefaults(policy), ...asProperties(own?.getProperties()) };
    const level = (own ?? forAll)?.getEnforcementlevel() ?? policy.getEnforcementlevel();
    for (const required of policy.getConfigschema()?.getRequiredList() ?? []) {
      if (!(required in properties)) missing.push(`${policy.getName()} needs ${required}`);
    }
    const config = new messages.PolicyConfig().setEnforcementlevel(level);
    request.getPolicyconfigMap().set(policy.getName(), config.setProperties(struct.Struct.fromJavaScript(properties)));
  }
  if (missing.length > 0) throw new Error(`its configuration is incomplete: ${missing.join('; ')}`);
  return request;
}

function schemaDefaults(policy: types.PolicyInfo): Properties {
  const schema = asProperties(policy.getConfigschema()?.getProperties());
  const defaults = Object.entries(schema).flatMap(([name, type]) =>
    typeof type === 'object' && type !== null && 'default' in type ? [[name, type.default] as const] : [],
  );
  return Object.fromEntries(defaults) as Properties;
}

const asProperties = (from?: struct.Struct): Properties => (from?.toJavaScript() ?? {}) as Properties;
