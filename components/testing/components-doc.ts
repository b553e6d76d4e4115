// Renders docs/reference/components.md from the files of the components and scenarios, so that they always agree.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const COMPONENTS = join(import.meta.dirname, '..');

/** A component as its file describes it. */
export interface Description {
  className: string;
  file: string;
  /** The file's first comment. */
  about: string;
  /** Name, and what it is. */
  args: [name: string, text: string][];
}

/** Every component, by name. */
export function describeComponents(): Description[] {
  return globSync('*.ts', { cwd: COMPONENTS })
    .map((file) => ({ file, text: readFileSync(join(COMPONENTS, file), 'utf8') }))
    .flatMap(({ file, text }) => {
      const [, className] = /export class (\w+) extends ComponentResource/.exec(text) ?? [];
      return className ? [{ className, file, about: leadOf(text), args: argsOf(text, className) }] : [];
    })
    .sort((a, b) => (a.className < b.className ? -1 : 1));
}

/** The scenarios' source of each component, by its class. */
export function scenarioSources(): Map<string, string> {
  const files = globSync('testing/scenarios/*.ts', { cwd: COMPONENTS });
  const text = files.map((file) => readFileSync(join(COMPONENTS, file), 'utf8')).join('\n');
  return new Map(
    [...text.matchAll(/^export const \w+: Scenarios<(\w+)> = \{\n[\s\S]*?^\};/gm)].map(([all, name = '']) => [
      name,
      all,
    ]),
  );
}

/** The whole page. */
export function renderComponentsDoc(): string {
  const sources = scenarioSources();
  const sections = describeComponents().map((each) => section(each, sources.get(each.className) ?? ''));
  return `# Components

Generated from \`components/\` and \`components/testing/scenarios/\`; change them there, then
\`npx vitest run components --update\`.

An environment consists of these components; \`stacks/index.ts\` and the files beside it put them together. Each is shown in three
scenarios: \`defaults\`, with the required arguments only; \`max\`, with all of them; \`hardened\`, the one that is hardest to attack. A
test plans them twice, with the policies; the second time nothing may change. The components around a scenario are in
\`components/testing/scenarios/scenario.ts\`; \`components/testing/program.ts\` makes them all.

What a deployment may take away, and what not: [replacement](../replacement.md).

${sections.join('\n')}`;
}

function section({ className, file, about, args }: Description, source: string): string {
  const table = args.map(([name, text]) => `| \`${name}\` | ${text} |`).join('\n');
  return `## ${className}

${about} (\`components/${file}\`)

| argument | |
|---|---|
${table}

\`\`\`ts
${source}
\`\`\`
`;
}

const plain = (comment: string) =>
  comment
    .replace(/\s*\n\s*(\*|\/\/) ?/g, ' ')
    .replaceAll('|', '\\|')
    .trim();

function leadOf(text: string): string {
  const [, comment = ''] = /^\/\/ ((?:.*\n)(?:\/\/.*\n)*)/.exec(text) ?? [];
  return plain(comment).replace(/\n/g, ' ');
}

/** The members of \`<className>Args\` with their comments. */
function argsOf(text: string, className: string): [string, string][] {
  const [, body = ''] = new RegExp(`export interface ${className}Args \\{\\n([\\s\\S]*?)^\\}`, 'm').exec(text) ?? [];
  return [...body.matchAll(/(?:\/\*\*([\s\S]*?)\*\/\s*)?^ {2}(?:readonly )?(\w+)\??:/gm)].map(
    ([, comment = '', name = '']) => [name, plain(comment)],
  );
}
