// contract.json is the only place that the machine's programs know these facts from, and they do nothing without it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { programs } from './bundle.ts';
import { renderContract } from './contract.ts';
import { BUNDLE_FILES, PATHS } from './paths.ts';
import { writePrograms } from './testing/programs.ts';

let release: string;
beforeEach(() => {
  release = writePrograms(mkdtempSync(join(tmpdir(), 'contract-')));
});
afterEach(() => rmSync(release, { recursive: true }));

const contractOf = (folder: string) => join(folder, BUNDLE_FILES.contract);
const python = (...args: string[]) => spawnSync('/usr/bin/python3', ['-B', ...args], { encoding: 'utf8' });
/** What a program says of itself; its defaults are the contract's. */
const help = (program: string) => python(program, '--help');

/** Every text and number of a JSON document; its keys are not meant. */
function leaves(value: unknown): (string | number)[] {
  if (typeof value === 'string' || typeof value === 'number') return [value];
  return Object.values(value as object).flatMap(leaves);
}

describe('a fact of the contract is written in no program', () => {
  const LITERALS = `
import ast, json, os, sys
found = []
for name in sys.argv[2:]:
    tree = ast.parse(open(os.path.join(sys.argv[1], name), encoding="utf-8").read())
    texts = [n.body[0].value for n in ast.walk(tree) if isinstance(n, (ast.Module, ast.ClassDef, ast.FunctionDef))
             and n.body and isinstance(n.body[0], ast.Expr)]
    found += [[name, n.lineno, n.value] for n in ast.walk(tree)
              if isinstance(n, ast.Constant) and type(n.value) in (str, int) and n not in texts]
print(json.dumps(found))`;

  /** Where a program's text or number is one of the contract's, or holds one of its paths, patterns or topics. */
  function twins(folder: string): string[] {
    const names = programs()
      .map(({ path }) => path)
      .filter((path) => path.startsWith('bin/') && !path.endsWith('.sh'));
    const facts = leaves(JSON.parse(renderContract()));
    const literals: [string, number, string | number][] = JSON.parse(python('-c', LITERALS, folder, ...names).stdout);
    expect(literals.length).toBeGreaterThan(500);
    const isTwin = (literal: string | number) =>
      facts.some((fact) =>
        typeof fact === 'number'
          ? fact > 100 && literal === fact
          : literal === fact || (typeof literal === 'string' && /[/.[]/.test(fact) && literal.includes(fact)),
      );
    // What contract.py finds it by.
    const isOwnName = (name: string, literal: string | number) =>
      name.endsWith('/contract.py') && literal === BUNDLE_FILES.contract;
    return literals
      .filter(([name, , literal]) => isTwin(literal) && !isOwnName(name, literal))
      .map(([name, line, literal]) => `${name}:${line}: ${literal}`);
  }

  it('today', () => {
    expect(twins(release)).toEqual([]);
  });

  it.each([
    'USER_ID = "svc-[a-z0-9-]{1,60}"',
    'FOLDER = "/var/lib/mosquitto/mosquitto.db"',
    'NAME = "current-copy"',
    'print(f"in {1} of /run/mqtt-saas")',
    'ROUNDS = 101',
    'PURPOSE = "ingest"',
  ])('and would be found: %s', (line) => {
    const file = join(release, 'bin/mqtt_saas/listeners.py');
    writeFileSync(file, `${readFileSync(file, 'utf8')}\n${line}\n`);
    expect(twins(release)).toHaveLength(1);
  });
});

test('units and shell scripts, which cannot read it, name the same folders', () => {
  const root = join(import.meta.dirname, '..');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.(sh|service|timer|path)$|\.service\.d\/|\.tmpl\./.test(name) && !name.includes('testing/'),
  );
  const known = Object.values<string>(PATHS);
  const open = [PATHS.current, PATHS.bootstrap, PATHS.metrics, PATHS.secrets];
  /** Certbot's own name for its folder, which the unit puts there; cloud-init's notes of what is done. */
  const foreign = [
    '/var/lib/letsencrypt',
    '/var/lib/cloud',
    '/var/lib/cloud/sem',
    '/var/lib/cloud/instances',
    '/var/lib/dpkg/updates',
  ];
  const named = files.flatMap((name) => {
    const text = readFileSync(join(root, name), 'utf8');
    const directories = [...text.matchAll(/^RuntimeDirectory=(.*)$/gm)].map(([, folder]) => `/run/${folder}`);
    const paths = text.match(/(?<![\w.}])\/(opt\/|run\/(mqtt|registry)|var\/lib\/)[\w./-]*\w/g) ?? [];
    return [...directories, ...paths].map((path) => ({ name, path }));
  });
  expect(named.length).toBeGreaterThan(50);
  const isKnown = (path: string) =>
    [...known, ...foreign].includes(path) || open.some((folder) => path.startsWith(`${folder}/`));
  expect(named.filter(({ path }) => !isKnown(path))).toEqual([]);
});

describe('a program', () => {
  it('reads the contract of its own release, however it is called', () => {
    const other = writePrograms(mkdtempSync(join(tmpdir(), 'contract-')));
    const links = mkdtempSync(join(tmpdir(), 'links-'));
    try {
      writeFileSync(contractOf(other), renderContract().replaceAll('mosquitto.service', 'other.service'));
      symlinkSync(other, join(links, 'current'));
      symlinkSync(join(links, 'current/bin/reload-broker'), join(links, 'reload-broker'));
      expect(help(join(links, 'reload-broker')).stdout).toContain('other.service');
      expect(help(join(release, 'bin/reload-broker')).stdout).toContain('mosquitto.service');
      expect(help(join(release, 'bin/reload-broker')).stdout).not.toContain('other.service');
    } finally {
      for (const folder of [other, links]) rmSync(folder, { recursive: true });
    }
  });

  const change = (path: string[], value: unknown) => {
    const contract = JSON.parse(renderContract());
    let place = contract;
    for (const name of path.slice(0, -1)) place = place[name];
    if (value === undefined) delete place[path.at(-1)!];
    else place[path.at(-1)!] = value;
    return JSON.stringify(contract);
  };
  it.each<[string, string | undefined, RegExp]>([
    ['is missing', undefined, /FileNotFoundError/],
    ['is cut off', renderContract().slice(0, 300), /JSONDecodeError/],
    ['is not an object', '[]', /TypeError: list indices must be/],
    ['lacks a fact', change(['registry', 'slug'], undefined), /KeyError: 'slug'/],
    ['has an empty path', change(['paths', 'accounts'], ''), /TypeError: '' is not a text/],
    ['has a pattern that cannot be compiled', change(['registry', 'slug'], '('), /error: missing \)/],
    ['has no rounds', change(['passwords', 'iterations'], 0), /0 is not a whole number/],
    ['has a topic that is not a text', change(['registry', 'serviceRights', 'ingest'], [7]), /7 is not a text/],
  ])('whose contract %s says so in one line, and does nothing', (_, content, reason) => {
    if (content === undefined) rmSync(contractOf(release));
    else writeFileSync(contractOf(release), content);
    const accounts = join(release, 'accounts');
    for (const program of ['registry-sync.py', 'broker-apply.py', 'reload-broker']) {
      const { status, stderr, stdout } = help(join(release, 'bin', program));
      expect({ program, status, stdout }).toEqual({ program, status: 1, stdout: '' });
      expect(stderr).toMatch(reason);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toMatch(/contract\.json cannot be used \(.*\); nothing was changed$/m);
    }
    const seeded = python(join(release, 'bin/seed-accounts.py'), release, join(release, 'settings.json'), accounts);
    expect(seeded.status).toBe(1);
    expect(readdirSync(release)).not.toContain('accounts');
  });
});

it('gives each name one meaning', () => {
  const text = readFileSync(join(release, 'bin/mqtt_saas/contract.py'), 'utf8');
  const names = [...text.matchAll(/^ {4}(\w+) = /gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(40);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
