// The whole report of a preview, as text.
import { relative } from 'node:path';
import { changesAnything, type Diff, isUncertain, type Operation, type ResourceChange } from '../change.ts';
import { deletesFirst, idProperties, knowsImmutables } from '../immutables.ts';
import type { Preview } from '../preview.ts';
import { REDACTED } from '../secrets.ts';
import { renderChanges } from './changes.ts';
import { renderPolicies } from './policies.ts';
import { count, type Style, SYMBOLS, shortType } from './style.ts';
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

/** Made anew without a name of its own. */
const isUnnamed = ({ entry, operation }: ResourceChange) =>
  operation !== 'update' && idProperties(entry.type).length > 0 && !deletesFirst(entry.type, entry.inputs);

const unique = (texts: string[]) => [...new Set(texts)].sort();

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
    uncertain === 0 ? '' : ` (${uncertain} of the updates only if a value changes that is not known offline)`,
    stops === 0 ? '' : `\n${style.red(`A deployment stops at ${count(stops, 'resource')}: see above.`)}`,
  ].join('');
}

/** Resources that seem to stay the same and hold a secret, of which no plan shows whether it is another one. */
function withUnseenSecrets(diff: Diff): string[] {
  if (!diff.some(changesAnything)) return [];
  const unseen = diff.filter(
    ({ operation, entry }) => operation === 'same' && JSON.stringify(entry.inputs).includes(REDACTED),
  );
  return unseen.map(({ entry }) => entry.name);
}

function renderLimits(preview: Preview, style: Style, snapshot: string): string[] {
  const { hasSnapshot, unreadableKeys, unanswered, stack, diff } = preview;
  const changed = diff.filter(({ entry, operation }) => entry.custom && operation !== 'same' && operation !== 'delete');
  const unseen = hasSnapshot ? withUnseenSecrets(diff) : [];
  const unknown = unique(
    changed
      .map(({ entry }) => entry.type)
      .filter((type) => !knowsImmutables(type))
      .map(shortType),
  );
  const unnamed = hasSnapshot ? changed.filter(isUnnamed).map(({ entry }) => entry.name) : [];
  const lines = [
    hasSnapshot
      ? ''
      : `There is no ${snapshot}, so everything is to be created. Make one: npm run preview -- --stack ${stack} --update-snapshot`,
    unreadableKeys.length === 0 ? '' : `Encrypted, so a placeholder stands in: ${unreadableKeys.join(', ')}`,
    unanswered.length === 0 ? '' : `Lookups that only an account can answer are unknown: ${unanswered.join(', ')}`,
    unseen.length === 0 ? '' : `Not known offline: whether the secrets of these change: ${unseen.join(', ')}`,
    unknown.length === 0 ? '' : `Not known offline: what replaces a resource of these types: ${unknown.join(', ')}`,
    unnamed.length === 0 ? '' : `Not known offline: the names that the provider makes up for ${unnamed.join(', ')}`,
    'Not known offline: what exists and has drifted, what providers fill in and check, what Azure refuses, texts made of values that only a deployment tells; account ids are zeros.',
  ];
  return lines.filter(Boolean).map((line) => style.dim(line));
}
