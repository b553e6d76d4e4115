// What changes, property by property.
import type { Diff, PropertyChange, ResourceChange } from '../diff.ts';
import { disruptionsOf } from '../disruptions.ts';
import { nameOf } from '../engine/urn.ts';
import { formatPath } from '../property-path.ts';
import { formatValue, type Style, SYMBOLS, shortType } from './style.ts';

/** Empty when nothing changes. */
export function renderChanges(diff: Diff, style: Style): string[] {
  return diff.filter(({ operation }) => operation !== 'same').flatMap((change) => renderChange(change, style));
}

function renderChange(change: ResourceChange, style: Style): string[] {
  const { operation, entry, formerUrn, changes, blockedByProtect } = change;
  const colour = style.of(operation);
  const title = `${colour(`${SYMBOLS[operation]} ${operation}`)} ${shortType(entry.type)} ${style.bold(entry.name)}`;
  const lines = operation === 'create' ? properties(change) : changes;
  return [
    ` ${title}`,
    ...(formerUrn ? [`     formerly ${nameOf(formerUrn)}`] : []),
    ...(blockedByProtect ? [`     ${style.red('protected: a deployment stops here until protect is taken off')}`] : []),
    ...disruptionsOf(change).map((effect) => `     ${style.yellow(effect)}`),
    ...lines.map((line) => `     ${renderProperty(line, style)}`),
  ];
}

/** A new resource as so many new properties. */
function properties({ entry }: ResourceChange): PropertyChange[] {
  return Object.entries(entry.inputs).map(([key, after]) => ({ path: [key], after, forcesReplacement: false }));
}

function renderProperty({ path, before, after, forcesReplacement }: PropertyChange, style: Style): string {
  const at = formatPath(path);
  const why = forcesReplacement ? style.red(' (cannot change in place)') : '';
  if (before === undefined) return `${style.green('+')} ${at}: ${formatValue(after)}${why}`;
  if (after === undefined) return `${style.red('-')} ${at}: ${formatValue(before)}${why}`;
  return `${style.yellow('~')} ${at}: ${formatValue(before)} → ${formatValue(after)}${why}`;
}
