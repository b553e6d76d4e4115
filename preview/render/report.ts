// The whole report of a preview, as text.
import { relative } from 'node:path';
import type { Operation } from '../diff.ts';
import type { Preview } from '../preview.ts';
import { renderChanges } from './changes.ts';
import { renderPolicies } from './policies.ts';
import { count, type Style, SYMBOLS } from './style.ts';
import { renderTree } from './tree.ts';

/** @param folder the reader's, to which paths are shown relative. */
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
  if (changes.length === 0) return [`No change against ${snapshot}.`];
  return [style.bold(`Changes against ${snapshot}`), ...changes];
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
  return `${style.bold('Resources')}: ${count(diff.length, 'resource')}: ${parts.filter(Boolean).join(', ')}`;
}

function renderLimits(preview: Preview, style: Style, snapshot: string): string[] {
  const { hasSnapshot, unreadableKeys, unanswered, stack } = preview;
  const lines = [
    hasSnapshot
      ? ''
      : `There is no ${snapshot}, so everything is to be created. Make one: npm run preview -- --stack ${stack} --update-snapshot`,
    unreadableKeys.length === 0 ? '' : `Encrypted, so a placeholder stands in: ${unreadableKeys.join(', ')}`,
    unanswered.length === 0 ? '' : `Lookups that only an account can answer are unknown: ${unanswered.join(', ')}`,
    'Not known offline: what exists and has drifted, provider defaults and checks, automatic names, most replacements; account ids are zeros.',
  ];
  return lines.filter(Boolean).map((line) => style.dim(line));
}
