// Renders the whole report of a preview as text.
import { relative } from 'node:path';
import { isUncertain, type Operation } from '../change.ts';
import type { Preview } from '../preview.ts';
import { renderChanges } from './changes.ts';
import { renderLimits } from './limits.ts';
import { renderPolicies } from './policies.ts';
import { count, type Style, SYMBOLS } from './style.ts';
import { renderTree } from './tree.ts';

/** @param folder the reader's current folder; paths are shown relative to it. */
export function renderReport(preview: Preview, style: Style, folder: string): string {
  const snapshot = relative(folder, preview.snapshotPath);
  const sections = [
    [`Offline preview of stack ${style.bold(preview.stack)} (${preview.project}); nothing is deployed or changed.`],
    renderTree(preview.diff, style),
    renderLog(preview, style),
    preview.hasSnapshot ? renderComparison(preview, style, snapshot) : [],
    renderPolicies(preview.policies, style),
    [renderSummary(preview, style), ...renderLimits(preview, style, snapshot)],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function renderComparison({ diff }: Preview, style: Style, snapshot: string): string[] {
  const changes = renderChanges(diff, style);
  if (changes.length === 0) return [`No changes since ${snapshot}.`];
  return [style.bold(`Changes since ${snapshot}`), ...changes];
}

function renderLog({ log, programOutput }: Preview, style: Style): string[] {
  const said = log.map(({ severity, message }) => {
    const colour = severity === 'error' ? style.red : severity === 'warning' ? style.yellow : style.cyan;
    return `${colour(severity)}: ${message}`;
  });
  return [...said, ...programOutput.split('\n').filter(Boolean)];
}

const VERBS: [Operation, string][] = [
  ['create', 'to create'],
  ['import', 'to import'],
  ['update', 'to update'],
  ['replace', 'to replace'],
  ['delete', 'to delete'],
  ['same', 'unchanged'],
];

function renderSummary({ diff }: Preview, style: Style): string {
  const parts = VERBS.map(([operation, verb]) => {
    const number = diff.filter((change) => change.operation === operation).length;
    if (number === 0) return '';
    return style.of(operation)(`${SYMBOLS[operation]} ${number} ${verb}`.trim());
  });
  const uncertain = diff.filter(isUncertain).length;
  const stops = diff.filter(({ blockedByProtect, blockedByImport }) => blockedByProtect || blockedByImport).length;
  return [
    `${style.bold('Resources')}: ${count(diff.length, 'resource')}: ${parts.filter(Boolean).join(', ')}`,
    uncertain === 0
      ? ''
      : ` (${count(uncertain, 'update')} ${uncertain === 1 ? 'depends' : 'depend'} on values that are not known offline)`,
    stops === 0 ? '' : `\n${style.red(`The deployment stops at ${count(stops, 'resource')}, see above.`)}`,
  ].join('');
}
