// docs/reference/policies.md: the prose is written by hand, the list of rules is generated.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Rule } from '../rule.ts';

/** The page. */
export const PAGE = new URL('../../docs/reference/policies.md', import.meta.url);
/** Everything below this line is generated. */
const MARK = '<!-- Generated from the rules by `node bootstrap/run.mjs policies/page/write.ts`; a test compares. -->';

/** The rules' files by id, relative to policies/. A rule's id is a line of its own in its file. */
const FOLDER = fileURLToPath(new URL('..', import.meta.url));
const FILES = new Map(
  globSync('*/*.ts', { cwd: FOLDER }).flatMap((file) =>
    [...readFileSync(`${FOLDER}/${file}`, 'utf8').matchAll(/^ +id: '(\w+-\d+)',$/gm)].map(([, id]) => [id, file]),
  ),
);

/** Escapes vertical bars, which end a cell in Markdown. */
const cell = (text: string) => text.replaceAll('|', '\\|');

function propertyTable({ properties }: Rule): string[] {
  const rows = Object.entries(properties).map(
    ([property, { absent, unknown }]) => `| \`${cell(property)}\` | ${absent} | ${unknown} |`,
  );
  return rows.length === 0 ? [] : ['| judged | absent | unknown |', '|---|---|---|', ...rows, ''];
}

function remedyOf(rule: Rule): string {
  if ('checkStack' in rule)
    return 'none: a remedy can change only one resource at a time, and this policy judges them together.';
  if (typeof rule.remedy === 'string') return `none: ${rule.remedy}.`;
  const values = Object.entries(rule.remedy).map(([property, value]) => `\`${property}: ${JSON.stringify(value)}\``);
  return `${values.join(', ')}.`;
}

function configurationOf({ configSchema }: Rule): string[] {
  const keys = Object.keys(configSchema?.properties ?? {});
  return keys.length === 0 ? [] : [`*Configuration:* ${keys.map((key) => `\`${key}\``).join(', ')}`, ''];
}

function section(rule: Rule): string {
  const { id, name, enforcement, severity, phase, demand, reason, fix, sources } = rule;
  const file = FILES.get(id);
  if (!file) throw new Error(`${id}: no file of policies/*/ has the line id: '${id}',`);
  const scope = 'checkStack' in rule ? 'judges the whole stack' : 'judges each resource';
  return [
    `### ${id} \`${name}\``,
    '',
    `${enforcement}, ${severity}, phase ${phase} · ${scope} · [\`policies/${file}\`](../../policies/${file})`,
    '',
    demand,
    '',
    `*Why:* ${reason}`,
    '',
    `*Fix:* ${fix}`,
    '',
    ...propertyTable(rule),
    `*Remedy:* ${remedyOf(rule)}`,
    '',
    ...configurationOf(rule),
    `*Sources:* ${sources.join(' · ')}`,
    '',
  ].join('\n');
}

function index(rules: readonly Rule[]): string[] {
  const rows = rules.map(
    ({ id, name, severity, enforcement, phase }) =>
      `| [${id}](#${id.toLowerCase()}-${name}) | \`${name}\` | ${enforcement} | ${severity} | ${phase} |`,
  );
  return ['| id | policy | enforcement | severity | phase |', '|---|---|---|---|---|', ...rows, ''];
}

/** The whole page: the existing prose and the list as it should be. @throws Error when the mark is missing. */
export function page(rules: readonly Rule[]): string {
  const text = readFileSync(PAGE, 'utf8');
  const end = text.indexOf(MARK);
  if (end < 0) throw new Error(`docs/reference/policies.md lacks the line ${MARK}`);
  return [text.slice(0, end) + MARK, '', ...index(rules), ...rules.map(section)].join('\n');
}
