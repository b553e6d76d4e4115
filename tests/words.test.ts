// Plain English: texts avoid the habits listed here, and docs/glossary.md explains our own words.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';

/** Text that stays: deployed migrations, and the patterns below. */
const EXCEPT = /^provisioning\/database\/supabase\/migrations\/202611[12]|^tests\/words\.test\.ts$/;

/** A habit, and what to write instead. */
const HABITS: [pattern: RegExp, instead: string][] = [
  [/\bsurely\b/i, 'state the fact, or "certainly"'],
  [/\bwhich that\b|\bwhich there\b/i, 'split the sentence'],
  [/\bnobody (here|can tell|knows)\b/i, 'is not known'],
  [/\bso many\b|\bso much\b/i, 'the number'],
  [/\(was so\)/i, 'unchanged'],
  [/\b(he|him|his|himself|she|hers?|herself)\b/i, 'they, their, themselves'],
  [/\bwhoever\b|\bas whom\b/i, 'anyone who, as which user'],
  [/\bbe it\b|\bfor want of\b/i, 'even if, without'],
  [/(?<!\bthere )\bis no (?!longer\b|more\b)\w+/i, 'is not a'],
  [/\bfor ever\b/i, 'indefinitely, permanently'],
  [/\bin clear\b/i, 'in plain text'],
  [/\bhand(s|ed)? over\b/i, 'pass'],
  [/\bways?[ -]in\b(?!-)/i, 'ingress, opening'],
  [/\bput(s|ting)? (it|them) right\b|\bmended by\b/i, 'fix, correct'],
  [/, for (it|they|there|what|which|nobody)\b/i, 'because'],
  [/\banew\b/i, 'again'],
  [/\bmend(s|ed|ing)?\b/i, 'fix, repair'],
  [/\b(that|which|what) (is|are) none\b/i, 'name the thing: "not a list"'],
  [/\bfor good\b/i, 'permanently'],
  [/\bof before\b|\bthe one before\b/i, 'previous, former'],
  [/\bcan(not)? be had\b|\b(had|have it) back\b/i, 'is available; restore'],
  [/\ball the same\b/i, 'anyway, even so'],
  [/\b(nobody|nothing|none) but\b/i, 'only'],
  [/\b(anybody|nobody)[’']s\b/i, 'of anyone, of nobody'],
  [/\b1 (errors|policies|resources|warnings)\b/, 'the singular'],
];

const TEXT = /\.(cjs|conf|cpp|css|h|js|json|local|md|mjs|py|service|sh|sql|swap|timer|toml|ts|tsx|yaml|yml)$|^\.ci\//;

const { stdout } = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
});
const files = stdout.split('\n').filter((path) => TEXT.test(path) && path !== 'package-lock.json');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

const roomOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : 'the root folder');

it.each([...new Set(files.map(roomOf))])('%s is written in plain English', (room) => {
  const own = files.filter((path) => roomOf(path) === room && !EXCEPT.test(path));
  const found = own.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, index) =>
        HABITS.filter(([pattern]) => pattern.test(line)).map(
          ([, instead]) => `${path}:${index + 1}: ${line.trim()} (write: ${instead})`,
        ),
      ),
  );
  expect(found).toEqual([]);
});

describe('docs/glossary.md', () => {
  const entries = [...read('docs/glossary.md').matchAll(/^- \*\*(.+?)\*\*: (.+)$/gm)];
  const terms = entries.map(([, term = '']) => term);

  it('has its entries in alphabetical order, one line each', () => {
    expect(terms.length).toBeGreaterThan(30);
    expect(terms).toEqual([...new Set(terms)].sort((a, b) => a.localeCompare(b, 'en')));
    for (const [line] of entries) expect(line.length, line).toBeLessThan(150);
  });

  it('explains only words that are in use', () => {
    const isElsewhere = (path: string) => path !== 'docs/glossary.md' && !path.startsWith('tests/');
    const rest = files.filter(isElsewhere).map(read).join('\n').toLowerCase();
    expect(terms.filter((term) => !rest.includes(term.toLowerCase()))).toEqual([]);
  });
});
