// SEC-03: generated secrets are strong, and commands that Pulumi runs neither contain nor print secrets.
import { isObject, isSet, type Known, UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type StackRule } from '../rule.ts';
import { COMMANDS, RANDOM_ID, RANDOM_PASSWORD, RANDOM_STRING, VAULT_SECRET } from '../types.ts';
import { secretsIn } from './detectors.ts';
import { isSecretName } from './names.ts';

const LEAST_LENGTH = 24;
const LEAST_BITS = 128;
/** Size of each character class of the random provider, by its switch; all are on by default. */
const CLASSES: Record<string, number> = { lower: 26, upper: 26, numeric: 10, special: 21 };

/** Entropy in bits of a password drawn evenly from its classes; undefined when a relevant input is not known. */
function bitsOf({ length, overrideSpecial, ...switches }: Record<string, Known>): number | undefined {
  if (typeof length !== 'number' || overrideSpecial === UNKNOWN) return undefined;
  const states = Object.keys(CLASSES).map((key) => switches[key] ?? true);
  if (states.includes(UNKNOWN)) return undefined;
  const sizes = Object.entries(CLASSES).map(([key, size]) => {
    if ((switches[key] ?? true) !== true) return 0;
    return key === 'special' && typeof overrideSpecial === 'string' && overrideSpecial !== ''
      ? new Set(overrideSpecial).size
      : size;
  });
  const alphabet = sizes.reduce((sum, size) => sum + size, 0);
  return alphabet === 0 ? 0 : length * Math.log2(alphabet);
}

function judgePassword({ urn, name, props }: Resource): Finding[] {
  const bits = bitsOf(props);
  const isStrong = bits !== undefined && bits >= LEAST_BITS && (props.length as number) >= LEAST_LENGTH;
  return isStrong
    ? []
    : [
        {
          urn,
          message: `"${name}" has fewer than ${LEAST_LENGTH} characters or ${LEAST_BITS} bits, or its strength is not known during preview.`,
        },
      ];
}

/** Results of RandomString and RandomId are stored in plain text, so they must not be used as secrets. */
function judgeWord({ urn, name }: Resource, resources: Resource[]): Finding[] {
  const isKept = resources.some(
    (other) => other.type === VAULT_SECRET && other.propertyDependencies.properties?.includes(urn),
  );
  return isSecretName(name) || isKept
    ? [{ urn, message: `"${name}" generates a secret that Pulumi stores in plain text.` }]
    : [];
}

/** What is wrong with one text of a command; a name that suggests a secret is enough. */
function judgeText(key: string, value: Known, isNamed: boolean): string[] {
  if (!isSet(value)) return [];
  if (isNamed && isSecretName(key)) return [`${key} looks like a secret by its name.`];
  if (value === UNKNOWN)
    return isNamed ? [] : [`${key} is not known during preview, so a secret in it cannot be ruled out.`];
  return typeof value === 'string' ? secretsIn(value).map((kind) => `${key} contains ${kind}.`) : [];
}

function judgeCommand(
  { urn, name, props, propertyDependencies }: Resource,
  isSecretSource: (urn: string) => boolean,
): Finding[] {
  const { environment, triggers, logging } = props;
  const texts = ['create', 'update', 'delete', 'stdin'].flatMap((key) => judgeText(key, props[key], false));
  const variables = isObject(environment)
    ? Object.entries(environment).flatMap(([key, value]) => judgeText(key, value, true))
    : isSet(environment)
      ? ['environment is not known during preview.']
      : [];
  const wrong = [...texts, ...variables];
  for (const key of ['create', 'update', 'delete', 'stdin', 'environment', 'triggers'])
    if (propertyDependencies[key]?.some(isSecretSource)) wrong.push(`${key} is derived from a generated secret.`);
  const kinds = (Array.isArray(triggers) ? triggers : []).flatMap((each) => judgeText('triggers', each, true));
  if (logging !== 'none') wrong.push('logging is not "none", so the output of the command is logged.');
  return [...new Set([...wrong, ...kinds])].map((message) => ({ urn, message: `"${name}": ${message}` }));
}

export const generatedAndRun: StackRule = {
  id: 'SEC-03',
  name: 'secrets-generated-and-run',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A RandomPassword has at least 24 characters and 128 bits. RandomString and RandomId are not used for secrets. A Command has no secret in create, update, delete, stdin, environment or triggers, and sets logging to none.',
  reason:
    'A weak password can be guessed. Every state stores RandomString and RandomId in plain text, and a command’s inputs and output appear in the state, in logs and in the process list.',
  fix: 'set length: 43 on the RandomPassword; let the command read its secret from Key Vault or from the environment it runs in, and set logging: "none"',
  sources: [
    'Pulumi, RandomPassword (https://www.pulumi.com/registry/packages/random/api-docs/randompassword/)',
    'Pulumi, Command: logging (https://www.pulumi.com/registry/packages/command/api-docs/local/command/)',
  ],
  properties: {
    'RandomPassword.length': REQUIRED,
    'RandomPassword.lower': DEFAULT_IS_SAFE,
    'Command.create': DEFAULT_IS_SAFE,
    'Command.stdin': DEFAULT_IS_SAFE,
    'Command.environment': DEFAULT_IS_SAFE,
    'Command.logging': REQUIRED,
  },
  checkStack(resources) {
    const passwords = new Set(resources.filter(({ type }) => type === RANDOM_PASSWORD).map(({ urn }) => urn));
    return resources.flatMap((each) => {
      if (each.type === RANDOM_PASSWORD) return judgePassword(each);
      if (each.type === RANDOM_STRING || each.type === RANDOM_ID) return judgeWord(each, resources);
      return COMMANDS.includes(each.type) ? judgeCommand(each, (urn) => passwords.has(urn)) : [];
    });
  },
};
