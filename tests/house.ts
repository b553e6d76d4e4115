// `node tests/house.ts`: how large the repository is, room by room, and how many files a reader opens to follow a thing through
// it, before and after. `--base REV` and `--at REV` choose the two commits; the second is the working tree unless said otherwise.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../bootstrap/root.mjs';

/** A step of a way: what is defined there. Of several, its names so far, the first that there is. */
type Step = RegExp | readonly RegExp[] | typeof BORDER;

/** The next step is in SQL, in another language or in another process: no import leads there. */
const BORDER = 'border';

const exported = (...names: string[]): Step =>
  names.map((name) => new RegExp(`^export (?:async function|function|class|const|interface) ${name}\\b`, 'm'));

/** From the stack file to the program. */
const CONFIGURATION = [
  exported('loadConfig(?=\\(\\): StackConfig)'),
  exported('parseConfig'),
  exported('schemaFor'),
  exported('keys'),
];
const PROGRAM: Step = /^const config = loadConfig\(\);/m;

/** The ways, each from where the thing comes in to where it has its effect: what it passes through, in order. */
export const WAYS: Record<string, Step[]> = {
  'adminCidrs: from the stack file to both firewalls': [
    ...CONFIGURATION,
    exported('environmentKeys'),
    PROGRAM,
    /^ *const ingress = ingressRules\(config\);/m,
    exported('ingressRules'),
    exported('Network'),
    exported('securityRules'),
    exported('makeBroker'),
    exported('brokerBundle'),
    exported('makeBundle'),
    exported('renderFirewall'),
  ],
  'a payload: from the socket to its row and its count': [
    exported('gather', 'createSocketReader'),
    exported('openConnection'),
    exported('createFramer'),
    exported('readPublish'),
    exported('startConsumer'),
    // The door to the broker, where there is one.
    [/^export .* from '\.\/consumer\.ts';$/m, /^export function startConsumer\b/m],
    exported('runSession'),
    exported('createDrain'),
    exported('Batch'),
    exported('createRegistry'),
    exported('readMessage'),
    exported('makeRow'),
    exported('createStore'),
    exported('admit'),
    exported('writeFast'),
    exported('claimUntimed'),
    exported('encodeRows'),
    exported('insertRows', 'writeCarefully'),
    exported('addRows'),
    exported('spend'),
    exported('totalOf'),
    exported('addToLedger'),
    exported('createSummary'),
  ],
  'a device key: from the browser to the broker': [
    exported('withNewKey'),
    exported('hashKey'),
    /^import \{ withNewKey \}[\s\S]*\baddDevice\(/m,
    /call\('add_device'/,
    BORDER,
    /^create function public\.add_device\(/m,
    BORDER,
    /^create view broker\.registry /m,
    BORDER,
    /^from broker\.registry"""/m,
    /^from (?:mqtt_saas\.)?registry_database import DatabaseAway/m,
    /^class RegistryFiles\b/m,
    /^def render\(rows/m,
  ],
  'an ingest setting: from the stack file to a run': [
    ...CONFIGURATION,
    exported('brokerKeys'),
    PROGRAM,
    exported('makeFunctions'),
    exported('ingestSettings'),
    exported('FunctionApp'),
    BORDER,
    exported('ingestOnTimer'),
    exported('readIngestSettings', 'readSettings'),
    exported('read(?=<)', 'readSettings'),
    exported('runOnce'),
    exported('runSession'),
  ],
  'a policy exception: from the file to the report': [
    /^export const RULES: readonly Rule\[\]/m,
    exported('parseExceptions'),
    exported('Exceptions'),
    exported('definePolicy'),
    exported('exceptionsInOrder'),
  ],
  "the broker's arguments: from the program to the machine": [
    PROGRAM,
    exported('makeBroker'),
    exported('brokerBundle'),
    exported('BrokerConfiguration'),
    exported('makeBundle'),
    exported('renderFirewall'),
  ],
};

/** Files of a commit, or of the working tree. */
export interface House {
  files: Map<string, string>;
}

const TEXT = /\.(ts|tsx|mjs|cjs|js|py|sh|sql|css|conf|local|service|timer|swap|yaml|yml)$|^\.ci\/run$|\/reload-broker$/;
const NOT_WRITTEN = /(^|\/)(fixtures|snapshots|__snapshots__|node_modules)\/|package-lock|\.vectors\.json$/;
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
    return { files: new Map(there.map((name) => [name, readFileSync(join(ROOT, name), 'utf8')])) };
  }
  // One process for all: "<hash> blob <size>\n<content>\n" each.
  const input = names.map((name) => `${revision}:${name}\n`).join('');
  const all = execFileSync('git', ['cat-file', '--batch'], { cwd: ROOT, input, maxBuffer: 1 << 28 });
  const files = new Map<string, string>();
  let at = 0;
  for (const name of names) {
    const header = all.indexOf(10, at);
    const size = Number(all.toString('latin1', at, header).split(' ')[2]);
    files.set(name, all.toString('utf8', header + 1, header + 1 + size));
    at = header + size + 2;
  }
  return { files };
}

const KINDS = ['code', 'test', 'support'] as const;
type Lines = Record<(typeof KINDS)[number], number>;

/** Lines of each room, by what they are for. */
export function linesByRoom({ files }: House): Map<string, Lines> {
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
function neighbours({ files }: House): Map<string, Set<string>> {
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
function fileOf({ files }: House, step: Exclude<Step, typeof BORDER>): string {
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

function report(base: string, at: string | undefined, showsFiles: boolean): void {
  const houses = [readHouse(base), readHouse(at)] as const;
  const [before, after] = houses.map(linesByRoom) as [Map<string, Lines>, Map<string, Lines>];
  console.log(`Lines, ${base} -> ${at ?? 'working tree'}\n`);
  console.log(`${'room'.padEnd(14)}${KINDS.map((kind) => kind.padStart(18)).join('')}`);
  const none: Lines = { code: 0, test: 0, support: 0 };
  for (const room of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const cells = KINDS.map((kind) => `${(before.get(room) ?? none)[kind]} -> ${(after.get(room) ?? none)[kind]}`);
    console.log(`${room.padEnd(14)}${cells.map((cell) => cell.padStart(18)).join('')}`);
  }
  const sum = (rooms: Map<string, Lines>, which: Set<string>, kind: keyof Lines) =>
    [...rooms].filter(([room]) => which.has(room)).reduce((total, [, lines]) => total + lines[kind], 0);
  const codeOf = (which: Set<string>) => [before, after].map((rooms) => sum(rooms, which, 'code')) as [number, number];
  const product = codeOf(PRODUCT);
  const tooling = codeOf(TOOLING);
  const both = [product[0] + tooling[0], product[1] + tooling[1]];
  console.log(`\nproduct ${product.join(' -> ')}, tooling ${tooling.join(' -> ')}, together ${both.join(' -> ')}`);

  console.log('\nHops: files to open after the first\n');
  const counts = Object.entries(WAYS).map(([way, steps]) => {
    const [first, second] = houses.map((house) => filesOf(house, steps)) as [string[], string[]];
    console.log(`${`${first.length - 1} -> ${second.length - 1}`.padStart(9)}  ${way}`);
    if (showsFiles) console.log(second.map((name) => `             ${name}`).join('\n'));
    return [first.length - 1, second.length - 1] as const;
  });
  const total = ([0, 1] as const).map((index) => counts.reduce((sum, pair) => sum + pair[index], 0));
  console.log(
    `\nall ${total.join(' -> ')}, median ${median(counts.map(([one]) => one))} -> ${median(counts.map(([, two]) => two))}`,
  );
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      base: { type: 'string', default: '96ebc99' },
      at: { type: 'string' },
      files: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) console.log('usage: node tests/house.ts [--base REV] [--at REV] [--files]');
  else report(values.base, values.at, values.files);
}
