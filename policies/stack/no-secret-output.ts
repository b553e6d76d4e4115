// SEC-01: stack outputs contain no secrets: everyone who may read the stack sees them, and other stacks copy them.
import { isObject, type Known, UNKNOWN } from '../known.ts';
import { type Resource, STACK } from '../resource.ts';
import { type Finding, ONLY_KNOWN, type StackRule } from '../rule.ts';
import { secretsAnywhereIn } from '../secrets/detectors.ts';
import { isAboutSecret, isSecretName } from '../secrets/names.ts';

/** Properties that are always secret. Their values, if known, must not appear in an output. */
const SECRET_PROPERTIES: Record<string, string[]> = {
  'random:index/randomPassword:RandomPassword': ['result', 'bcryptHash'],
  'random:index/randomBytes:RandomBytes': ['base64', 'hex'],
  'tls:index/privateKey:PrivateKey': ['privateKeyPem', 'privateKeyOpenssh', 'privateKeyPemPkcs8'],
};

function secretsOf(resources: Resource[]): string[] {
  return resources.flatMap(({ type, outputs }) =>
    (SECRET_PROPERTIES[type] ?? [])
      .map((property) => outputs[property])
      .filter((value) => typeof value === 'string' && value.length >= 8),
  ) as string[];
}

/** Every string or unknown in a value, with its path of keys. */
function leaves(value: Known, path: string[]): { path: string[]; value: string | typeof UNKNOWN }[] {
  if (value === UNKNOWN || typeof value === 'string') return value === '' ? [] : [{ path, value }];
  if (Array.isArray(value)) return value.flatMap((item) => leaves(item, path));
  return isObject(value) ? Object.entries(value).flatMap(([key, item]) => leaves(item, [...path, key])) : [];
}

/** What is wrong with one output; undefined when nothing is. */
function judge(path: string[], value: string | typeof UNKNOWN, secrets: string[]): string | undefined {
  const name = path.join('.');
  if (path.some(isSecretName) && !path.some(isAboutSecret)) return `Output "${name}" looks like a secret by its name.`;
  if (value === UNKNOWN) return undefined;
  if (secrets.some((secret) => value.includes(secret)))
    return `Output "${name}" contains the secret of another resource.`;
  const [kind] = secretsAnywhereIn(value);
  return kind === undefined ? undefined : `Output "${name}" contains ${kind}.`;
}

export const noSecretOutput: StackRule = {
  id: 'SEC-01',
  name: 'stack-no-secret-output',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'No stack output is a secret by name or content, plain or encrypted. An output that is not known during preview is judged by its name, and by its value once the update knows it.',
  reason:
    '`pulumi stack output` shows outputs, stack references copy them and every past state keeps them; --show-secrets reveals encrypted ones.',
  fix: 'remove the output and publish the name of the Key Vault secret instead',
  sources: ['Pulumi, "Stack outputs" (https://www.pulumi.com/docs/iac/concepts/stacks/#outputs)'],
  properties: {
    'Stack.*': ONLY_KNOWN,
  },
  checkStack(resources) {
    const secrets = secretsOf(resources);
    return resources
      .filter(({ type }) => type === STACK)
      .flatMap(({ urn, outputs }): Finding[] =>
        leaves(outputs, []).flatMap(({ path, value }) => {
          const message = judge(path, value, secrets);
          return message === undefined ? [] : [{ urn, message }];
        }),
      );
  },
};
