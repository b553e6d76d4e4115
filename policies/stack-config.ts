// The stack's own configuration, which the engine hands to policy packs the way it hands it to programs (PULUMI_CONFIG).
import { Config } from '@pulumi/pulumi';

/** The namespace of the keys in Pulumi.<stack>.yaml. */
const NAMESPACE = 'mqtt-saas';

/** A key's value, parsed as JSON where it is JSON and its text otherwise; undefined when the stack does not set it. */
export function stackConfigValue(key: string): unknown {
  const text = new Config(NAMESPACE).get(key);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
