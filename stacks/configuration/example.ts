// A configuration made from the schema: each key's default or, if it has none, its example.
import type { KeyMeta } from './keys/key.ts';
import { keys } from './schema.ts';

/** Every key has a valid value; no address in it is real. */
export function exampleConfig() {
  const given = Object.entries(keys.shape)
    .filter(([, type]) => !type.safeParse(undefined).success)
    .map(([name, type]) => [name, EXAMPLES[name] ?? (type.meta() as unknown as KeyMeta).example]);
  return keys.parse(Object.fromEntries(given));
}

/** Two examples are shell commands. The key's private half was thrown away. */
const EXAMPLES: Record<string, string> = {
  sshPublicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICTih6NsXavdHXSZNi/lVsXpREUUhabVa/jz1DU3YQ2F example',
  nameSuffix: 'ex4mpl',
};
