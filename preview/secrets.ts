// Keeps secrets out of everything that leaves the preview: the plan, the program's own words and the policies' messages.
import type { Resource } from './engine/resource.ts';
import { rewrite, UNKNOWN, type Wire } from './engine/wire.ts';
import { type Project, UNREADABLE } from './project.ts';

/** What stands in a plan for a value that is secret. */
export const REDACTED = '[secret]';

/**
 * Shorter texts are not looked for: they would match by accident ("true", "dev", a port number), and nothing that
 * short keeps anybody out.
 */
const SHORTEST_SECRET = 8;

/** Replaces every secret that the program is known to hold, wherever it stands in a text. */
export type Scrub = (text: string) => string;

/** Knows the secrets of the configuration and of all resources, both as they are and as JSON writes them. */
export function scrubber(project: Project, resources: Iterable<Resource>): Scrub {
  const found = new Set<string>();
  const add = (text: Wire | undefined) => {
    if (typeof text !== 'string' || text.length < SHORTEST_SECRET || text === UNKNOWN || text === UNREADABLE) return;
    found.add(text);
    found.add(JSON.stringify(text).slice(1, -1));
    // A private key is printed line by line as often as whole.
    for (const line of text.split('\n'))
      if (line.length >= SHORTEST_SECRET && !line.startsWith('-----')) found.add(line);
  };
  for (const key of project.secretKeys) add(project.config[key]);
  for (const { inputs, outputs } of resources) {
    for (const properties of [inputs, outputs]) {
      rewrite(properties, (value, kind) => {
        if (typeof value === 'object' && (kind === 'secret' || (kind === 'output' && value.secret))) add(value.value);
        return value;
      });
    }
  }
  // The longest first, lest a part of a secret be replaced and the rest of it stay.
  const longestFirst = [...found].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((scrubbed, one) => scrubbed.replaceAll(one, REDACTED), text);
}
