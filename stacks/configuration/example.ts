// A configuration made of the schema alone: its defaults, and for what has none its examples.
import type { KeyMeta } from './keys/key.ts';
import { keys } from './schema.ts';

/** Every key has a value that is accepted; no address in it is anybody's. */
export function exampleConfig() {
  const given = Object.entries(keys.shape)
    .filter(([, type]) => !type.safeParse(undefined).success)
    .map(([name, type]) => [name, EXAMPLES[name] ?? (type.meta() as unknown as KeyMeta).example]);
  return keys.parse(Object.fromEntries(given));
}

/** Two examples are commands to a shell. The key's private half was thrown away. */
const EXAMPLES: Record<string, string> = {
  sshPublicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICTih6NsXavdHXSZNi/lVsXpREUUhabVa/jz1DU3YQ2F example',
  nameSuffix: 'ex4mpl',
};
