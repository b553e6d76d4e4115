// What a preview without an account cannot know, said of the resources that it matters for.
import { changesAnything, mayHideSecret, type ResourceChange } from '../change.ts';
import { deletesFirst, idProperties, knowsImmutables } from '../immutables.ts';
import type { Preview } from '../preview.ts';
import { type Style, shortType } from './style.ts';

/** @param snapshot its path, as the reader writes it. */
export function renderLimits(preview: Preview, style: Style, snapshot: string): string[] {
  const { hasSnapshot, unreadableKeys, unanswered, stack, diff } = preview;
  const changed = diff.filter(({ entry, operation }) => entry.custom && operation !== 'same' && operation !== 'delete');
  const unseen = diff.some(changesAnything) ? diff.filter(mayHideSecret).map(({ entry }) => entry.name) : [];
  const unknown = typesOf(
    changed.filter(({ entry, operation }) => operation === 'update' && !knowsImmutables(entry.type)),
  );
  const unnamed = hasSnapshot ? typesOf(changed.filter(isUnnamed)) : [];
  const lines = [
    hasSnapshot
      ? ''
      : `There is no ${snapshot}, so everything is to be created. Make one: npm run preview -- --stack ${stack} --update-snapshot`,
    unreadableKeys.length === 0 ? '' : `Encrypted, so a placeholder stands in: ${unreadableKeys.join(', ')}`,
    unanswered.length === 0 ? '' : `Lookups that only an account can answer are unknown: ${unanswered.join(', ')}`,
    unseen.length === 0 ? '' : `Not known offline: whether the secrets of these change: ${unseen.join(', ')}`,
    unknown.length === 0 ? '' : `Not known offline: what replaces a resource of these types: ${unknown.join(', ')}`,
    unnamed.length === 0 ? '' : `Not known offline: the names that the provider makes up, of ${unnamed.join(', ')}`,
    'Not known offline: what exists and has drifted, what providers fill in and check, what else Azure refuses, texts made of values that only a deployment tells; account ids are zeros.',
  ];
  return lines.filter(Boolean).map((line) => style.dim(line));
}

/** Made anew without a name of its own. */
const isUnnamed = ({ entry, operation }: ResourceChange) =>
  operation !== 'update' && idProperties(entry.type).length > 0 && !deletesFirst(entry.type, entry.inputs);

const typesOf = (changes: ResourceChange[]) => [...new Set(changes.map(({ entry }) => shortType(entry.type)))].sort();
