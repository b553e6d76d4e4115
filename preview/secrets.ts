// Keeps secrets out of everything that leaves the preview: the plan, the program's output and the policies' messages.
import type { Resource } from './engine/resource.ts';
import { rewrite, UNKNOWN, type Wire } from './engine/wire.ts';
import { type Project, UNREADABLE } from './project.ts';

/** Replaces a secret value in a plan. */
export const REDACTED = '[secret]';

/**
 * Shorter strings are not replaced: they would match by accident ("true", "dev", a port number) and are too short to be
 * secrets.
 */
const SHORTEST_SECRET = 8;

/** Replaces every known secret of the program anywhere in a text. */
export type Scrub = (text: string) => string;

/** Collects the secrets of the configuration and of all resources, both raw and as encoded in JSON. */
export function scrubber(project: Project, resources: Iterable<Resource>): Scrub {
  const found = new Set<string>();
  const add = (text: Wire | undefined) => {
    if (typeof text !== 'string' || text.length < SHORTEST_SECRET || text === UNKNOWN || text === UNREADABLE) return;
    found.add(text);
    found.add(JSON.stringify(text).slice(1, -1));
    // A private key may also be printed line by line.
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
  // Longest first, so that replacing a part of a secret does not leave the rest.
  const longestFirst = [...found].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((scrubbed, one) => scrubbed.replaceAll(one, REDACTED), text);
}
