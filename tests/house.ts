// `node bootstrap/run.mjs tests/house.ts`: how large the repository is, room by room, and how many files a reader opens to follow a
// thing through it, before a change and after it.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../bootstrap/root.mjs';
import { BORDER, type Step, WAYS } from './ways.ts';

/** The text of each file of a commit, or of the working tree. */
export type House = Map<string, string>;

const TEXT = /\.(ts|tsx|mjs|cjs|js|py|sh|sql|css|conf|local|service|timer|swap|yaml|yml)$|^\.ci\/run$|\/reload-broker$/;
/** Generated, recorded or installed. */
const NOT_WRITTEN =
  /(^|\/)(fixtures|snapshots|__snapshots__|node_modules)\/|package-lock|\.vectors\.json$|\/session\/database\.ts$/;
const TEST = /\.(test|e2e|scenario)\.tsx?$|(^|\/)test_\w+\.py$/;
const SUPPORT =
  /(^|\/)(testing|corpus|fakes|standins)\/|^tests\/|\/(specimens|corpus|oracle|agreement|random-groups|long-run)\.ts$/;
const TOOLING = new Set(['ops', 'preview', 'lab', 'local', 'bench', 'bootstrap', '.github', '.ci']);
const PRODUCT = new Set(['apps', 'components', 'domain', 'functions', 'policies', 'provisioning', 'stacks']);

const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 });

/** Reads a commit; without one, what is in the working tree. @throws Error from git for a commit that there is not. */
export function readHouse(revision?: string): House {
  const names = (
    revision === undefined
      ? git('ls-files', '--cached', '--others', '--exclude-standard')
      : git('ls-tree', '-r', '--name-only', revision)
  )
    .split('\n')
    .filter((name) => TEXT.test(name) && !NOT_WRITTEN.test(name));
  if (revision === undefined) {
    const there = names.filter((name) => existsSync(join(ROOT, name)));
    return new Map(there.map((name) => [name, readFileSync(join(ROOT, name), 'utf8')]));
  }
  // One process for all: "<hash> blob <size>\n<content>\n" each.
  const input = names.map((name) => `${revision}:${name}\n`).join('');
  const all = execFileSync('git', ['cat-file', '--batch'], { cwd: ROOT, input, maxBuffer: 1 << 28 });
  const files: House = new Map();
  let at = 0;
  for (const name of names) {
    const header = all.indexOf(10, at);
    const size = Number(all.toString('latin1', at, header).split(' ')[2]);
    files.set(name, all.toString('utf8', header + 1, header + 1 + size));
    at = header + size + 2;
  }
  return files;
}

const KINDS = ['code', 'test', 'support'] as const;
type Lines = Record<(typeof KINDS)[number], number>;

/** Lines of each room, by what they are for. */
export function linesByRoom(files: House): Map<string, Lines> {
  const rooms = new Map<string, Lines>();
  for (const [name, text] of files) {
    const room = name.includes('/') ? name.slice(0, name.indexOf('/')) : '(root)';
    const lines = rooms.get(room) ?? { code: 0, test: 0, support: 0 };
    const kind = TEST.test(name) ? 'test' : SUPPORT.test(name) ? 'support' : 'code';
    lines[kind] += text.split('\n').length - 1;
    rooms.set(room, lines);
  }
  return new Map([...rooms].sort());
}

/** Who imports whom among the files that are neither test nor support, in both directions. */
function neighbours(files: House): Map<string, Set<string>> {
  const arrows = new Map<string, Set<string>>();
  const link = (from: string, to: string) => {
    if (!files.has(to)) return;
    for (const [one, other] of [[from, to] as const, [to, from] as const]) {
      arrows.set(one, (arrows.get(one) ?? new Set()).add(other));
    }
  };
  const python = Map.groupBy(files.keys(), (name) => posix.basename(name));
  for (const [name, text] of files) {
    if (TEST.test(name) || SUPPORT.test(name)) continue;
    const folder = posix.dirname(name);
    for (const [, path = ''] of text.matchAll(/(?:from|import|import\()\s*'(\.[^']+)'/g))
      link(name, posix.join(folder, path));
    if (name.endsWith('.py')) {
      const modules = text.matchAll(/^\s*(?:from mqtt_saas import|from mqtt_saas\.|from|import) ?(\w+)/gm);
      // Wherever it lies: the programs have had a path of their own.
      for (const [, module = ''] of modules) for (const file of python.get(`${module}.py`) ?? []) link(name, file);
    }
  }
  return arrows;
}

/** The file of product code that defines a step. @throws Error unless exactly one does. */
function fileOf(files: House, step: Exclude<Step, typeof BORDER>): string {
  const code = [...files].filter(
    ([name]) => PRODUCT.has(name.slice(0, name.indexOf('/'))) && !TEST.test(name) && !SUPPORT.test(name),
  );
  const alternatives = [step].flat();
  for (const alternative of alternatives) {
    const found = code.filter(([, text]) => alternative.test(text)).map(([name]) => name);
    if (found.length > 1) throw new Error(`${alternative} is defined in ${found.join(' and ')}`);
    if (found[0] !== undefined) return found[0];
  }
  throw new Error(`nothing defines ${alternatives.join(' or ')}`);
}

/**
 * The files that somebody opens who follows a way, each once. @throws Error when one is neither imported by, nor imports, one that
 * is open already: the list of steps has lost the way.
 */
export function filesOf(house: House, steps: Step[]): string[] {
  const arrows = neighbours(house);
  const opened: string[] = [];
  for (const [index, step] of steps.entries()) {
    if (step === BORDER) continue;
    const next = fileOf(house, step);
    if (opened.includes(next)) continue;
    const isJoined = opened.some((name) => arrows.get(name)?.has(next));
    if (opened.length > 0 && steps[index - 1] !== BORDER && !isJoined) {
      throw new Error(`${next} is joined to none of ${opened.join(', ')}`);
    }
    opened.push(next);
  }
  return opened;
}

/** The middle one; of an even number the mean of the two. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** @param at default: the working tree. */
function report(base: string, at: string | undefined, showsFiles: boolean): void {
  const houses = [readHouse(base), readHouse(at)];
  const rooms = houses.map(linesByRoom);
  console.log(`Lines, ${base} -> ${at ?? 'working tree'}\n`);
  console.log(`${'room'.padEnd(14)}${KINDS.map((kind) => kind.padStart(18)).join('')}`);
  for (const room of [...new Set(rooms.flatMap((lines) => [...lines.keys()]))].sort()) {
    const cells = KINDS.map((kind) => rooms.map((lines) => lines.get(room)?.[kind] ?? 0).join(' -> '));
    console.log(`${room.padEnd(14)}${cells.map((cell) => cell.padStart(18)).join('')}`);
  }
  const code = (which: Set<string>) =>
    rooms
      .map((lines) => [...lines].reduce((total, [room, { code }]) => total + (which.has(room) ? code : 0), 0))
      .join(' -> ');
  console.log(
    `\nproduct ${code(PRODUCT)}, tooling ${code(TOOLING)}, together ${code(new Set([...PRODUCT, ...TOOLING]))}\n\n` +
      'Hops: files to open after the first\n',
  );
  const hops = Object.entries(WAYS).map(([way, steps]) => {
    const opened = houses.map((house) => filesOf(house, steps));
    const counts = opened.map((files) => files.length - 1);
    console.log(`${counts.join(' -> ').padStart(9)}  ${way}`);
    if (showsFiles) console.log(opened[1]!.map((name) => `             ${name}`).join('\n'));
    return counts;
  });
  const both = (of: (counts: number[]) => number) =>
    [0, 1].map((i) => of(hops.map((counts) => counts[i]!))).join(' -> ');
  console.log(`\nall ${both((counts) => counts.reduce((a, b) => a + b))}, median ${both(median)}`);
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      base: { type: 'string', default: 'main' },
      at: { type: 'string' },
      files: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help)
    console.log(
      'usage: node bootstrap/run.mjs tests/house.ts [--base REV] [--at REV] [--files]\n' +
        'compares main, or --base, with the working tree, or --at; --files lists the files of each way',
    );
  else report(values.base, values.at, values.files);
}
