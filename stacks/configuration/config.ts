// The only reader of Pulumi's configuration. Everything else takes typed arguments.
import { getProject, getStack, RunError, runtime } from '@pulumi/pulumi';
import { ConfigError, parseConfig, type StackConfig } from './parse.ts';

/** The project's name, from Pulumi.yaml. */
export const project = getProject();

/**
 * The checked configuration of the current stack.
 * @throws RunError, which Pulumi shows as a message without a stack trace, if the configuration is refused.
 */
export function loadConfig(): StackConfig {
  try {
    return parseConfig(rawConfig(), getStack());
  } catch (error) {
    throw error instanceof ConfigError ? new RunError(error.message) : error;
  }
}

/** All keys of the stack file. The program gets no encrypted value, only a marker in its place. */
function rawConfig(): Record<string, unknown> {
  const encrypted = new Set<string>(JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS || '[]'));
  return Object.fromEntries(
    Object.entries(runtime.allConfig()).map(([key, value]) => [key, encrypted.has(key) ? { secure: '' } : value]),
  );
}
