// What the documents tell people to type can be typed, and what they point to is there.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import { makeProgram } from '../ops/program.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const pages = ['README.md', 'CONTRIBUTING.md', 'Pulumi.README.md'].concat(
  readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
);

const OPS = (await makeProgram()).commands;

/** A path from the root. `dist/` and `.local/` are made by commands. */
const ROOMS =
  /^(apps|bench|bootstrap|components|docs|domain|functions|lab|local|ops|policies|preview|provisioning|stacks|tests|\.github)\//;

/** An anchor as GitHub makes it of a heading. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

describe('the deployment in README', () => {
  const [, section = ''] = /## Deploying\n([\s\S]*?)\n## /.exec(read('README.md')) ?? [];
  const [before = [], after = []] = [...section.matchAll(/```\n([\s\S]*?)```/g)].map(([, block = '']) =>
    block.split('\n').filter(Boolean),
  );

  it.each(before)('%s: works without an account', (line) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: ROOT, encoding: 'utf8' });
    // The doctor ends with 1 where something is missing, and here something is.
    expect(status, stderr).toBeLessThanOrEqual(line.includes('doctor') ? 1 : 0);
    expect(stdout).toMatch(/Resources: \d+|built dist|\d+ could not be checked|\d+ failed/);
  });

  it('names the doctor, and after it only what needs an account', () => {
    expect(before.at(-1)).toBe('npm run doctor -- --target dev');
    expect(section.indexOf('az login')).toBeGreaterThan(section.indexOf('npm run doctor'));
    expect(after[0]).toMatch(/^pulumi up /);
  });
});

/** @param target a page, with `#` and an anchor perhaps. @param from the page that names it. */
function isThere(target: string, from: string): boolean {
  const [path = '', heading] = target.split('#');
  const file = path ? join(ROOT, dirname(from), path) : join(ROOT, from);
  if (!existsSync(file)) return false;
  if (heading === undefined) return true;
  const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => anchor(title));
  return headings.includes(heading);
}

it('has the pages and headings that `ops daily` points to', () => {
  const targets = [...read('ops/daily/judge.ts').matchAll(/'([\w/-]+\.md(?:#[\w-]+)?)'/g)].map(
    ([, target = '']) => target,
  );
  expect(targets.length).toBeGreaterThan(10);
  expect(targets.filter((target) => !isThere(target, 'docs/on-call.md'))).toEqual([]);
});

describe.each(pages)('%s', (page) => {
  const text = read(page);

  it('points only to pages and headings that there are', () => {
    const targets = [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s]*)\)/g)].map(([, target = '']) => target);
    expect(targets.filter((target) => !isThere(target, page))).toEqual([]);
  });

  it('names only files that there are', () => {
    const code = text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\s]+)`/g);
    const named = [...code].map(([, name = '']) => name).filter((name) => ROOMS.test(name) && !/[<>…]|YYYY/.test(name));
    const missing = named.filter((name) => globSync(name.replace(/\/$/, ''), { cwd: ROOT }).length === 0);
    expect(missing).toEqual([]);
  });

  it('tells only of npm scripts that there are', () => {
    const scripts = Object.keys(JSON.parse(read('package.json')).scripts);
    const told = [...text.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)].map(([, name]) => name);
    expect(told.filter((name) => !scripts.includes(name as string))).toEqual([]);
  });

  it('tells only of ops commands that there are', () => {
    const told = [...text.matchAll(/npm run ops -- ([a-z][\w-]*)(?: ([a-z][\w-]*))?/g)];
    const named = (commands: readonly Command[], name: string) => commands.find((one) => one.name() === name);
    const unknown = told.filter(([, first = '', second]) => {
      const command = named(OPS, first);
      // What follows is a command of its own, or an argument.
      return !command || (second && command.commands.length > 0 && !named(command.commands, second));
    });
    expect(unknown.map(([line]) => line)).toEqual([]);
  });
});

describe('README answers a newcomer in one step', () => {
  it.each([
    ['where a port is opened', 'domain/ingress.ts', 'port: '],
    ['where a reading becomes a row', 'functions/ingest/row.ts', 'export function makeRow('],
    ['where a reading becomes a row', 'functions/ingest/write.ts', 'COPY_TELEMETRY'],
    ['where a policy’s message is written', 'policies/machine/encrypted-at-host.ts', 'message: '],
    ['how to add an alert', 'provisioning/monitoring/alerts.ts', 'export const ALERTS ='],
  ])('%s: %s', (question, file, found) => {
    const line = read('README.md')
      .split('\n')
      .find((row) => row.startsWith(`| ${question.replace('’', "'")} |`));
    expect(line).toContain(`\`${file}\``);
    expect(read(file)).toContain(found);
  });
});

const [, processes = ''] = /## Processes\n([\s\S]*?)\n## /.exec(read('docs/architecture.md')) ?? [];

it('names in the table of processes each function of the app', () => {
  const triggers = readdirSync(join(ROOT, 'functions/triggers')).map((name) => read(`functions/triggers/${name}`));
  const names = triggers.flatMap((text) => [...text.matchAll(/\bapp\.\w+\('(\w+)'/g)].map(([, name]) => name));
  expect(names).toEqual(expect.arrayContaining(['mqtt_ingest', 'health']));
  expect(names.filter((name) => !new RegExp(`^\\| .*\`${name}\`.* \\| Function App`, 'm').test(processes))).toEqual([]);
});

it('names in the table of processes whatever runs on the broker machine, always or by a timer', () => {
  const units = 'provisioning/machine/bundle/units';
  const running = readdirSync(join(ROOT, units)).filter((name) => {
    if (name.endsWith('.timer')) return true;
    return name.endsWith('.service') && /^Restart=always$/m.test(read(join(units, name)));
  });
  const names = running.map((name) => name.replace(/\.\w+$/, ''));
  expect(names).toEqual(expect.arrayContaining(['registry-sync', 'watch-broker']));
  expect(names.filter((name) => !processes.includes(`| \`${name}\` |`))).toEqual([]);
});

it('names in docs/ingest.md each periodic job, with its budget', () => {
  const jobs = [
    ...read('functions/periodic/jobs.ts').matchAll(/^ {4}name: '(\w+)',[\s\S]*?^ {4}budgetMs: (\d+)_000,/gm),
  ];
  expect(jobs.map(([, name]) => name)).toEqual(expect.arrayContaining(['control', 'report_figures', 'maintain']));
  const rows = read('docs/ingest.md').split('\n');
  const told = ([, name, seconds]: string[]) =>
    rows.some((row) => row.startsWith(`| \`${name}\` | `) && row.includes(` | ${seconds} s | `));
  expect(jobs.filter((job) => !told(job)).map(([, name]) => name)).toEqual([]);
});

it('names in docs/ingest.md each setting of the worker', () => {
  const settings = [...read('functions/worker/cli.ts').matchAll(/^ {2}([A-Z]+_[A-Z_]+) /gm)].map(([, name]) => name);
  expect(settings).toEqual(expect.arrayContaining(['MQTT_GATE_KEY', 'NOTIFY_KEY', 'LOG_LEVEL']));
  const page = read('docs/ingest.md');
  expect(settings.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

it('names in docs/benchmarks.md each bench', () => {
  const benches = globSync('bench/*.ts', { cwd: ROOT }).map((path) => path.slice('bench/'.length, -'.ts'.length));
  const page = read('docs/benchmarks.md');
  expect(benches).toContain('ingest');
  expect(benches.filter((name) => name !== 'main' && !page.includes(`\n| \`${name}\` | `))).toEqual([]);
});

it('names in docs/database.md each table and view that a migration makes', () => {
  const migrations = globSync('provisioning/database/supabase/migrations/*.sql', { cwd: ROOT }).map(read).join('\n');
  const made = [...migrations.matchAll(/^create (?:table|(?:or replace )?view) (\w+\.\w+)/gm)].map(([, name]) => name);
  expect(made).toEqual(expect.arrayContaining(['public.tenants', 'broker.registry']));
  const there = made.filter((name) => !new RegExp(`^drop (table|view) ${name};`, 'm').test(migrations));
  expect(there.filter((name) => !read('docs/database.md').includes(`\`${name}\``))).toEqual([]);
});

describe('decisions', () => {
  const files = readdirSync(join(ROOT, 'docs/decisions'));

  it('are numbered one by one, and listed with their titles', () => {
    expect(files.map((name) => Number(name.slice(0, 4)))).toEqual(files.map((_, index) => index + 1));
    for (const name of files) {
      const [, title] = /^# (.*)\n/.exec(read(`docs/decisions/${name}`)) ?? [];
      expect(title).toMatch(new RegExp(`^${name.slice(0, 4)} `));
      expect(read('docs/architecture.md')).toContain(`- [${title}](decisions/${name})`);
    }
  });

  it.each(files)('%s has a status with its date', (name) => {
    const status = /^# .*\n\n(?:Accepted, \d{4}-\d\d-\d\d|Superseded by \[\d{4}\]\(.*\), \d{4}-\d\d-\d\d)[.;]/;
    expect(read(`docs/decisions/${name}`)).toMatch(status);
  });
});

it('shows every picture that is kept, and keeps what npm run screenshots makes', () => {
  const kept = readdirSync(join(ROOT, 'docs/screenshots')).sort();
  const shown = pages.flatMap((page) =>
    [...read(page).matchAll(/!\[[^\]]+\]\((?:docs\/)?screenshots\/([^)]*)\)/g)].map(([, name = '']) => name),
  );
  expect([...new Set(shown)].sort()).toEqual(kept);
  const [, made = ''] = /const SHOWN = \[(.*)\];/.exec(read('tests/dashboard/screenshots.ts')) ?? [];
  expect([...made.matchAll(/'([^']*)'/g)].map(([, name]) => `${name}.png`).sort()).toEqual(kept);
});

describe('the stack’s own page', () => {
  const [, members = ''] = /\n {2}return \{\n([\s\S]*?)\n {2}\};/.exec(read('stacks/outputs.ts')) ?? [];
  const outputs = [...members.matchAll(/^ {4}(\w+)[:,]/gm)].map(([, name]) => name);

  it('shows outputs that the stack has', () => {
    const shown = [...read('Pulumi.README.md').matchAll(/\$\{([^}]*)\}/g)].map(([, name]) => name);
    expect(shown.length).toBeGreaterThan(5);
    expect(shown.filter((name) => !outputs.some((output) => name === `outputs.${output}`))).toEqual([]);
  });

  it('is an output itself, and names every runbook', () => {
    expect(outputs).toContain('readme');
    for (const name of readdirSync(join(ROOT, 'docs/runbooks'))) {
      expect(read('Pulumi.README.md'), name).toContain(relative('.', join('docs/runbooks', name)));
    }
  });
});
