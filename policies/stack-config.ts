// The stack's configuration, which the engine passes to policy packs as it does to programs (PULUMI_CONFIG).
import { Config } from '@pulumi/pulumi';

/** The namespace of the keys in Pulumi.<stack>.yaml. */
const NAMESPACE = 'mqtt-saas';

/** A key's value, parsed if it is JSON, otherwise its text; undefined when the stack does not set it. */
export function stackConfigValue(key: string): unknown {
  const text = new Config(NAMESPACE).get(key);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
