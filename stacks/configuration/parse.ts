// From what a stack file says to what the program works with, or to an error a person can act on. Pure: no Pulumi here.
import type { z } from 'zod';
import { quote } from './fields.ts';
import type { KeyMeta } from './keys/key.ts';
import { keys, schemaFor } from './schema.ts';
import { isEncrypted, looksLikeSecret } from './secrets-in-config.ts';

/** The namespace of the program's own keys: the project's name. */
export const NAMESPACE = 'mqtt-saas';

/** A stack's checked configuration, defaults filled in. */
export type StackConfig = Readonly<z.output<typeof keys>> & {
  /** The stack's name: `dev`, `prod`. */
  readonly environment: string;
};

/** A configuration that was refused. The message names each key, the file and the command that sets it right. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** Environment names go into resource names, the shortest of which (the vault's) leaves eight characters. */
const STACK_NAME = /^[a-z][a-z0-9]{1,7}$/;

/**
 * Checks a stack's configuration.
 * @param raw the `config` section of `Pulumi.<stack>.yaml`: keys with namespace; `{secure: …}` stands for encrypted values.
 * @param stack the stack's name.
 * @throws ConfigError with one line a problem.
 */
export function parseConfig(raw: Record<string, unknown>, stack: string): StackConfig {
  if (!STACK_NAME.test(stack)) {
    throw new ConfigError(`Stack ${quote(stack)} cannot name resources: use 2 to 8 of a-z and 0-9, a letter first.`);
  }
  const own = Object.entries(raw)
    .filter(([name]) => name.startsWith(`${NAMESPACE}:`))
    .map(([name, value]) => [name.slice(NAMESPACE.length + 1), value] as const);

  const early = [...secretProblems(raw, stack), ...unknownKeys(own, stack)];
  if (early.length > 0) throw refusal(early, stack);

  const result = schemaFor(stack).safeParse(Object.fromEntries(own));
  if (!result.success)
    throw refusal(
      result.error.issues.map((issue) => describe(issue, stack)),
      stack,
    );
  return { ...result.data, environment: stack };
}

function refusal(problems: string[], stack: string): ConfigError {
  return new ConfigError(
    `The configuration of stack ${stack} was refused:\n${problems.map((p) => `  ${p}`).join('\n')}`,
  );
}

const file = (stack: string) => `Pulumi.${stack}.yaml`;

/** Values are never repeated here: they may be secrets. */
function secretProblems(raw: Record<string, unknown>, stack: string): string[] {
  return Object.entries(raw)
    .filter(([name, value]) => looksLikeSecret(name, value))
    .map(([name]) => {
      const remedy = name.startsWith(`${NAMESPACE}:`)
        ? 'The platform takes no secret from configuration (it makes its own, in Key Vault). Remove it'
        : 'Remove it and sign in through the environment, or store it encrypted with `--secret`';
      return `${name} in ${file(stack)} holds a secret in clear. ${remedy}: pulumi config rm ${name} --stack ${stack}. Treat the value as leaked.`;
    });
}

/** Keys that are not ours, or hold what they cannot. What looks like a secret was reported already. */
function unknownKeys(own: (readonly [string, unknown])[], stack: string): string[] {
  return own.flatMap(([name, value]) => {
    const remove = `Remove it: pulumi config rm ${NAMESPACE}:${name} --stack ${stack}`;
    if (looksLikeSecret(name, value)) return [];
    if (!Object.hasOwn(keys.shape, name))
      return [`${NAMESPACE}:${name} in ${file(stack)} is not a key of this program. ${remove}`];
    if (isEncrypted(value)) return [`${NAMESPACE}:${name} in ${file(stack)} is encrypted, but is no secret. ${remove}`];
    return [];
  });
}

function describe(issue: z.core.$ZodIssue, stack: string): string {
  const name = String(issue.path[0]) as keyof typeof keys.shape;
  const index = issue.path[1];
  const where = `${NAMESPACE}:${name}${index === undefined ? '' : `[${String(index)}]`}`;
  return `${where} in ${file(stack)} ${issue.message}. Set it: ${setCommand(name, stack)}`;
}

/** The command that sets a key to its example value. */
export function setCommand(name: keyof typeof keys.shape, stack: string): string {
  const { example } = keys.shape[name].meta() as unknown as KeyMeta;
  const isList = name === 'adminCidrs' || name === 'alertEmails';
  const target = isList ? `--path '${NAMESPACE}:${name}[0]'` : `${NAMESPACE}:${name}`;
  // PEM begins with dashes, which Pulumi would take for an option.
  if (name === 'databaseCa') return `pulumi config set ${target} --stack ${stack} -- ${example}`;
  return `pulumi config set ${target} ${example} --stack ${stack}`;
}
