// Checks a stack file's configuration: the program gets typed values, or an error that says what to do. Pure: no Pulumi here.
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

/** A refused configuration. The message names each key, the file and the command that fixes it. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** An environment's name is part of resource names; the shortest limit, the vault's, leaves it eight characters. */
const STACK_NAME = /^[a-z][a-z0-9]{1,7}$/;

/**
 * Checks a stack's configuration.
 * @param raw the `config` section of `Pulumi.<stack>.yaml`: keys with their namespace; `{secure: …}` is an encrypted value.
 * @param stack the stack's name.
 * @throws ConfigError with one line for each problem.
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

/** Never repeats a value: it may be a secret. */
function secretProblems(raw: Record<string, unknown>, stack: string): string[] {
  return Object.entries(raw)
    .filter(([name, value]) => looksLikeSecret(name, value))
    .map(([name]) => {
      const remedy = name.startsWith(`${NAMESPACE}:`)
        ? 'The platform takes no secret from configuration (it makes its own, in Key Vault). Remove it'
        : 'Remove it and sign in through the environment, or store it encrypted with `--secret`';
      return `${name} in ${file(stack)} holds a secret in plain text. ${remedy}: pulumi config rm ${name} --stack ${stack}. Treat the value as leaked.`;
    });
}

/** Unknown keys, and keys whose value cannot be used. Suspected secrets were reported before. */
function unknownKeys(own: (readonly [string, unknown])[], stack: string): string[] {
  return own.flatMap(([name, value]) => {
    const remove = `Remove it: pulumi config rm ${NAMESPACE}:${name} --stack ${stack}`;
    if (looksLikeSecret(name, value)) return [];
    if (!Object.hasOwn(keys.shape, name))
      return [`${NAMESPACE}:${name} in ${file(stack)} is not a key of this program. ${remove}`];
    if (isEncrypted(value))
      return [`${NAMESPACE}:${name} in ${file(stack)} is encrypted, but is not a secret. ${remove}`];
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
  // PEM begins with dashes, which Pulumi would read as an option.
  if (name === 'databaseCa') return `pulumi config set ${target} --stack ${stack} -- ${example}`;
  return `pulumi config set ${target} ${example} --stack ${stack}`;
}
