// The resource tree as in `pulumi preview`: components and their children, each with a symbol and an operation.
import { type Diff, isUncertain, type ResourceChange } from '../change.ts';
import { formatPath } from '../property-path.ts';
import { type Style, SYMBOLS, shortType } from './style.ts';

interface Row {
  /** Branch drawing and type. */
  left: string;
  change: ResourceChange;
}

export function renderTree(diff: Diff, style: Style): string[] {
  const rows = collectRows(diff);
  const typeWidth = Math.max(...rows.map(({ left }) => left.length), 4);
  const nameWidth = Math.max(...rows.map(({ change }) => change.entry.name.length), 4);
  const header = style.bold(`     ${'Type'.padEnd(typeWidth)}  ${'Name'.padEnd(nameWidth)}  Plan`);
  const lines = rows.map(({ left, change }) => {
    const colour = style.of(change.operation);
    const operation = change.operation === 'same' ? '' : change.operation;
    const symbol = colour(SYMBOLS[change.operation]);
    const plan = [colour(operation), note(change, style)].filter(Boolean).join(' ');
    return ` ${symbol}   ${left.padEnd(typeWidth)}  ${change.entry.name.padEnd(nameWidth)}  ${plan}`.trimEnd();
  });
  return [header, ...lines];
}

function note(change: ResourceChange, style: Style): string {
  const { changes, blockedByProtect, blockedByImport, operation } = change;
  const roots = [...new Set(changes.map(({ path }) => formatPath(path.slice(0, 1))))];
  const touched = operation === 'create' || roots.length === 0 ? '' : style.dim(`[${roots.join(', ')}]`);
  const stops = [blockedByProtect ? 'protected' : '', blockedByImport ? 'imported' : ''].filter(Boolean);
  return [touched, isUncertain(change) ? style.dim('possibly') : '', ...stops.map(style.red)].filter(Boolean).join(' ');
}

function collectRows(diff: Diff): Row[] {
  const known = new Set(diff.map(({ urn }) => urn));
  const children = new Map<string, ResourceChange[]>();
  for (const change of diff) {
    const parent = known.has(change.entry.parent) ? change.entry.parent : '';
    children.set(parent, [...(children.get(parent) ?? []), change]);
  }
  const rows: Row[] = [];
  const visit = (change: ResourceChange, branch: string, indent: string) => {
    rows.push({ left: branch + shortType(change.entry.type), change });
    const below = children.get(change.urn) ?? [];
    below.forEach((child, i) => {
      const last = i === below.length - 1;
      visit(child, `${indent}${last ? '└─ ' : '├─ '}`, `${indent}${last ? '   ' : '│  '}`);
    });
  };
  for (const root of children.get('') ?? []) visit(root, '', '');
  return rows;
}
