// What a preview without an account cannot know, for the resources where it matters.
import { changesAnything, mayHideSecret, type ResourceChange } from '../change.ts';
import { deletesFirst, idProperties, knowsImmutables } from '../immutables.ts';
import type { Preview } from '../preview.ts';
import { type Style, shortType } from './style.ts';

/** @param snapshot its path, relative to the reader's folder. */
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
      : `${snapshot} does not exist, so every resource is shown as new. Create it with: npm run preview -- --stack ${stack} --update-snapshot`,
    unreadableKeys.length === 0 ? '' : `Encrypted, replaced by a placeholder: ${unreadableKeys.join(', ')}`,
    unanswered.length === 0 ? '' : `Lookups that need an account, with unknown results: ${unanswered.join(', ')}`,
    unseen.length === 0 ? '' : `Not known offline: whether secrets of these resources change: ${unseen.join(', ')}`,
    unknown.length === 0
      ? ''
      : `Not known offline: which changes replace resources of these types: ${unknown.join(', ')}`,
    unnamed.length === 0 ? '' : `Not known offline: names that the provider generates for ${unnamed.join(', ')}`,
    'Not known offline: drift, defaults and checks of the providers, other changes that Azure refuses, and strings built from unknown values. Account ids are shown as zeros.',
  ];
  return lines.filter(Boolean).map((line) => style.dim(line));
}

/** True for a new or replaced resource whose name the provider generates. */
const isUnnamed = ({ entry, operation }: ResourceChange) =>
  operation !== 'update' && idProperties(entry.type).length > 0 && !deletesFirst(entry.type, entry.inputs);

const typesOf = (changes: ResourceChange[]) => [...new Set(changes.map(({ entry }) => shortType(entry.type)))].sort();
