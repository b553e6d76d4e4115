// What changes, property by property, and why a resource is replaced.
import {
  changesAnything,
  type Diff,
  isUncertain,
  type Operation,
  type PropertyChange,
  type ResourceChange,
} from '../change.ts';
import { disruptionsOf } from '../disruptions.ts';
import { nameOf } from '../engine/urn.ts';
import { formatPath } from '../property-path.ts';
import { formatValue, type Style, SYMBOLS, shortType } from './style.ts';

/** Empty when nothing changes. */
export function renderChanges(diff: Diff, style: Style): string[] {
  const operations = new Map(diff.map(({ urn, operation }) => [urn, operation]));
  return diff.filter(changesAnything).flatMap((change) => renderChange(change, operations, style));
}

type Operations = ReadonlyMap<string, Operation>;

function renderChange(change: ResourceChange, operations: Operations, style: Style): string[] {
  const { operation, entry, formerUrn } = change;
  const colour = style.of(operation);
  // Only Pulumi's own record changes: the protection, what is ignored.
  const verb = operation === 'same' ? 'options of' : `${SYMBOLS[operation]} ${operation}`;
  const title = `${colour(verb)} ${shortType(entry.type)} ${style.bold(entry.name)}`;
  const lines = operation === 'create' || operation === 'import' ? properties(change) : change.changes;
  return [
    ` ${title}`,
    ...(formerUrn ? [`     formerly ${nameOf(formerUrn)}`] : []),
    ...notes(change).map((note) => `     ${style.red(note)}`),
    ...disruptionsOf(change).map((effect) => `     ${style.yellow(effect)}`),
    ...lines.map((line) => `     ${renderProperty(line, operations, style)}`),
  ];
}

function notes(change: ResourceChange): string[] {
  const { replacedAlong: along, changes, blockedByProtect, blockedByImport } = change;
  const is = (condition: boolean, text: string) => (condition ? [text] : []);
  return [
    ...is(along !== undefined, `replaced with ${nameOf(along?.with ?? '')} (${along?.option})`),
    ...is(blockedByProtect, 'protected: a deployment stops here until protect is taken off'),
    ...is(blockedByImport, 'still imported: a deployment stops here until import is taken off'),
    ...is(
      changes.some(({ refused }) => refused),
      'Azure refuses such a change: the deployment fails here; replaceOnChanges would have it replaced',
    ),
    ...is(isUncertain(change), 'not known offline whether anything changes'),
  ];
}

/** A new resource as so many new properties. */
function properties({ entry }: ResourceChange): PropertyChange[] {
  return Object.entries(entry.inputs).map(([key, after]) => ({
    path: [key],
    after,
    forcesReplacement: false,
    certain: true,
  }));
}

const SOURCES: Partial<Record<Operation, string>> = { create: ', which is new', replace: ', which is replaced' };

function renderProperty(
  { path, before, after, from, ...change }: PropertyChange,
  operations: Operations,
  style: Style,
): string {
  const at = formatPath(path);
  const why = [
    change.forcesReplacement
      ? style.red(change.certain ? ' (cannot change in place)' : ' (if it changes: replaced)')
      : '',
    change.refused ? style.red(' (refused)') : '',
  ].join('');
  if (from !== undefined) {
    const source = SOURCES[operations.get(from) ?? 'same'] ?? ', as before it did not';
    return `${style.yellow('~')} ${at}: from ${nameOf(from)}${source}${why}`;
  }
  if (before === undefined) return `${style.green('+')} ${at}: ${formatValue(after)}${why}`;
  if (after === undefined) return `${style.red('-')} ${at}: ${formatValue(before)}${why}`;
  return `${style.yellow('~')} ${at}: ${formatValue(before)} → ${formatValue(after)}${why}`;
}
