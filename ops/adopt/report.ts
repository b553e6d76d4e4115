// The adoption report: what is unsafe today, what changes, then the phases with their commands. It fits on a screen and a half. The
// details, with every reason, are a second text. Both are Markdown that is readable as it is.
import type { Adoption } from '../../stacks/adoption/plan.ts';
import type { Change } from './account.ts';
import { withExceptions } from './exceptions.ts';
import { lockedOut, lostUntilCutOver, type Names, type Phase, type Step } from './phases.ts';
import type { Unsafe } from './today.ts';
import { inWords, placeOf } from './words.ts';

/** The content of the report. */
export interface ReportArgs {
  names: Names;
  adoption: Adoption;
  unsafe: Unsafe[];
  phases: Phase[];
  untouched: { id: string; why: string }[];
  changes: Change[];
  /** How many members stay as they are. */
  kept: number;
  /** The path of the details. */
  details: string;
}

/** Width of text and commands, in terminal columns. */
const WIDTH = 100;

export function renderReport(args: ReportArgs): string {
  const { names, adoption, unsafe, phases, changes, kept, details } = args;
  const { stack } = names;
  const count = Object.keys(adoption.resources).length + Object.keys(adoption.left).length;
  return [
    `# Take over ${adoption.names.rg} as stack ${stack}`,
    ...wrap(`${count} resources are taken over as they are${outside(args)}. Reasons: ${details}`),
    '',
    `## Unsafe today: ${unsafe.length} findings, by the phase that ends the last of a kind`,
    ...[...inWords(unsafe)].flatMap(([phase, found]) => wrap(`${phase}: ${found.join('; ')}`, '   ')),
    '',
    `## What changes in what you have, by phase; ${kept} members stay`,
    ...renderChanges(changes),
    '',
    '## To deploy, each time',
    ...command(`npm run ops -- adopt exceptions --stack ${stack}`),
    ...command(`pulumi up --stack ${stack} ${withExceptions(stack)}`),
    ...wrap(lostUntilCutOver(names), ''),
    ...phases.flatMap(({ title, devices, steps, back }) => [
      '',
      ...wrap(`## ${title}. ${devices}`),
      ...steps.flatMap((step, i) => renderStep(step, `${i + 1}. `)),
      ...back.flatMap((step) => renderStep(step, 'Back: ')),
    ]),
    '',
    '## Locked out of the machine: none of this needs SSH or a password',
    ...lockedOut(names).flatMap((step) => renderStep(step, '- ')),
  ].join('\n');
}

/** Everything: findings with the policy's reason, members with theirs and the way back. */
export function renderDetails({ names, adoption, unsafe, phases, untouched, changes, kept }: ReportArgs): string {
  const found = (phase: number) =>
    unsafe
      .filter((each) => each.phase === phase)
      .map(({ policy, resource, message }) => {
        // A policy's fix is for a program; here the phase is the fix.
        const [what = ''] = message.split(' Fix: ');
        return `- ${resource}: ${what}${policy ? ` (${policy})` : ''}\n`;
      });
  const changed = (phase: number) =>
    changes
      .filter((each) => each.phase === phase)
      .map((each) => `- ${each.resource} ${whole(each)}: ${each.outcome}; ${each.why}. Back: ${each.back}\n`);
  const parts = phases.map(
    ({ title }, phase) =>
      `### Ends with ${title}\n\n${found(phase).join('') || '- nothing\n'}\n### Changes with ${title}\n\n${changed(phase).join('') || '- nothing\n'}`,
  );
  return `# Adoption of ${adoption.names.rg} as stack ${names.stack}: details

${kept} members of what was recorded stay as they are.

${untouched.map(({ id, why }) => `- outside: ${id}: ${why}\n`).join('')}
${parts.join('\n')}`;
}

function outside({ untouched }: ReportArgs): string {
  if (untouched.length === 0) return ', all of the group';
  return `; outside stay ${untouched.map(({ id }) => id.split('/').at(-1)).join(', ')}`;
}

/** A member, and its affected items if it is a list of names. */
const whole = ({ member, which }: Change) => (which ? `${member} (${which.join(', ')})` : member);

/** A removed member has its reason here; a set one is only named. */
function renderChanges(changes: readonly Change[]): string[] {
  const of = (outcome: Change['outcome']) => changes.filter((each) => each.outcome === outcome);
  const gone = Map.groupBy(
    of('taken away'),
    ({ phase, resource, why }) => `${phase}: ${placeOf(resource)} loses $: ${why}`,
  );
  const set = Map.groupBy(of('set'), ({ phase, resource }) => `${phase}: ${placeOf(resource)}: `);
  return [
    ...[...gone].map(([text, members]) => text.replace(' $', () => ` ${members.map(whole).join(', ')}`)),
    ...[...set].map(([text, members]) => text + [...new Set(members.map(({ why }) => why))].join('; ')),
  ]
    .sort()
    .flatMap((text) => wrap(text, '   '));
}

function renderStep({ text, commands = [] }: Step, mark: string): string[] {
  return [...wrap(`${mark}${text}`, '   '), ...commands.flatMap(command)];
}

/** Lines of text; a command in it is not broken. @param indent of the second and later lines. */
function wrap(text: string, indent = '  '): string[] {
  return fill(text.match(/(?:`[^`]*`|[^\s`])+/g) ?? [], '', indent, '');
}

/** A command as it is typed, on several lines if it is long: indented by four, the continuation by eight. */
function command(text: string): string[] {
  // Quoted words are not broken, and an option stays with its first value.
  const words = text.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  const parts = words.flatMap((word, i) => {
    if (/^--?\w/.test(words[i - 1] ?? '') && !/^--?\w/.test(word)) return [];
    const value = words[i + 1];
    return [/^--?\w/.test(word) && value && !/^--?\w/.test(value) ? `${word} ${value}` : word];
  });
  return fill(parts, '    ', '        ', ' \\');
}

function fill(parts: string[], first: string, indent: string, end: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const [i, part] of parts.entries()) {
    // The last line of a command does not continue.
    const room = i === parts.length - 1 ? WIDTH : WIDTH - end.length;
    const begun = line === '' ? first + part : `${line} ${part}`;
    if (line !== '' && begun.length > room) {
      lines.push(line + end);
      line = indent + part;
    } else line = begun;
  }
  return [...lines, line];
}
