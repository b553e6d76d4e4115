// Renders changes property by property, and why a resource is replaced.
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
  // Only options that Pulumi stores change, such as protect or ignoreChanges.
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
    ...is(along !== undefined, `replaced together with ${nameOf(along?.with ?? '')} (${along?.option})`),
    ...is(blockedByProtect, 'protected: the deployment stops here until the option protect is removed'),
    ...is(blockedByImport, 'imported: the deployment stops here until the option import is removed'),
    ...is(
      changes.some(({ refused }) => refused),
      'Azure refuses this change, so the deployment fails here; to replace the resource instead, set replaceOnChanges',
    ),
    ...is(isUncertain(change), 'whether anything changes is not known offline'),
  ];
}

/** The properties of a new resource, each as new. */
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
      ? style.red(change.certain ? ' (cannot change in place)' : ' (replaced if it changes)')
      : '',
    change.refused ? style.red(' (refused)') : '',
  ].join('');
  if (from !== undefined) {
    const source = SOURCES[operations.get(from) ?? 'same'] ?? ', previously from elsewhere';
    return `${style.yellow('~')} ${at}: from ${nameOf(from)}${source}${why}`;
  }
  if (before === undefined) return `${style.green('+')} ${at}: ${formatValue(after)}${why}`;
  if (after === undefined) return `${style.red('-')} ${at}: ${formatValue(before)}${why}`;
  return `${style.yellow('~')} ${at}: ${formatValue(before)} → ${formatValue(after)}${why}`;
}
