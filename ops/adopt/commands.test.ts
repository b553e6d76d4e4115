// Each command of the report, for every recording, in a shell whose az, pulumi and npm take only what the real ones do.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPILE_CACHE, ROOT } from '../../bootstrap/root.mjs';
import { type IngestSession, namesOf, phases } from './phases.ts';
import { planAdoption } from './plan.ts';
import { quote } from './quote.ts';
import { readRecording } from './recording.ts';
import { renderReport } from './report.ts';
import { baseFiles, DAYS, type NamedRecording, RECORDINGS, write } from './testing/recordings.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'commands-'));
  mkdirSync(join(folder, 'bin'));
  const programs = { az: 'stand-in.ts az', pulumi: 'stand-in.ts pulumi', npm: 'npm.ts' };
  for (const [name, program] of Object.entries(programs)) {
    const path = join(folder, 'bin', name);
    const [file = '', ...words] = program.split(' ');
    const script = join(import.meta.dirname, 'testing/commands', file);
    writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${script}' ${words.join(' ')} "$@"\n`);
    chmodSync(path, 0o755);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What came of each command line: the same one is run once. */
const known = new Map<string, string>();
function run(command: string): string {
  const found = known.get(command);
  if (found !== undefined) return found;
  writeFileSync(join(folder, 'policies.dev.json'), '{}');
  const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, NODE_COMPILE_CACHE: COMPILE_CACHE };
  const { status, stderr } = spawnSync('sh', ['-eu', '-c', command], { cwd: folder, env, encoding: 'utf8' });
  const said = status === 0 && stderr === '' ? 'understood' : `${status} ${stderr}`;
  known.set(command, said);
  return said;
}

function reportOf(recording: NamedRecording, session?: IngestSession): string {
  const recorded = readRecording(write(recording, mkdtempSync(join(folder, 'recorded-'))));
  const { adoption, untouched, changes, kept } = planAdoption(recorded, DAYS);
  const names = namesOf(recorded, 'dev', session);
  const details = 'adoption.dev.md';
  return renderReport({
    names,
    adoption,
    unsafe: [],
    phases: phases(names, adoption),
    untouched,
    changes,
    kept,
    details,
  });
}

/** Lines that are four columns in, with what continues them, and what stands between backticks. */
function commandsOf(report: string): string[] {
  const blocks = report.match(/^ {4}(?! )(?:.*\\\n)*.*$/gm) ?? [];
  const inline = [...report.matchAll(/`([^`]+)`/g)].map(([, command = '']) => command);
  return [...blocks.map((each) => each.trim()), ...inline];
}

/** Lines that end in a program's name, or have one outside a command. */
const strays = (report: string) =>
  report
    .replace(/`[^`]+`/g, '')
    .split('\n')
    .filter((line) => !/^ {4}/.test(line) && /\b(?:az|pulumi|npm) \w/.test(line));

const HALL: NamedRecording = {
  name: 'names that a shell would take apart',
  change: (files) => {
    const text = JSON.stringify(baseFiles())
      .replaceAll(/MyLowCostVM_group/gi, 'Halle (1)&grün')
      .replaceAll('zeroclaw-b1s-nsg', 'a$b_nsg');
    Object.assign(files, JSON.parse(text));
  },
};

describe.each([...RECORDINGS, HALL])(
  'of $name',
  (recording) => {
    it.each(['clean', 'persistent', undefined] as const)('with a session that is %s', (session) => {
      const report = reportOf(recording, session);
      const commands = commandsOf(report);
      expect(commands.length).toBeGreaterThan(20);
      expect(Object.fromEntries(commands.map((each) => [each, run(each)]))).toEqual(
        Object.fromEntries(commands.map((each) => [each, 'understood'])),
      );
      expect(strays(report)).toEqual([]);
      // Without it a command works on the platform that runs here.
      const onDatabase = commands.filter((each) => /^npm run ops -- (?:adopt table-|device )/.test(each));
      expect(onDatabase.length).toBeGreaterThan(2);
      expect(onDatabase.filter((each) => !each.includes('--target dev'))).toEqual([]);
      expect(report.split('\n').filter((line) => line.length > 100 && !line.includes('Halle'))).toEqual([]);
    });
  },
  600_000,
);

it('of the handbook', () => {
  const text = readFileSync(join(ROOT, 'docs/adoption.md'), 'utf8');
  const commands = [...text.matchAll(/^ +((?:az|pulumi|npm run ops) (?:.*\\\n)*.*)$/gm)].map(
    ([, command = '']) => command,
  );
  expect(commands.length).toBeGreaterThan(10);
  const said = commands.filter((each) => !/^az (login|account)/.test(each)).map((each) => [each, run(each)]);
  expect(said.filter(([, answer]) => answer !== 'understood')).toEqual([]);
}, 600_000);

it.each([
  ['az vm run-command invoke -g G -n M --command-id RunShellScript --script x', 'unrecognized argument: --script'],
  ['az vm run-command invoke -g G -n M --scripts x', '--command-id is required'],
  ['az vm run-command invoke -g G --command-id RunShellScript --scripts x', '--name is required'],
  ['az functionapp stop -g -n A', '--resource-group expects a value'],
  ['az functionapp stop -g My Group -n A', 'unrecognized argument: Group'],
  ['az functionapp halt -g G -n A', 'is not a command'],
  ['az network nsg rule create -g G --nsg-name N -n R --priority 100 --access Refuse', 'Refuse is none of'],
  ['az network nsg rule create -g G --nsg-name N -n R --priority high', 'is not a number'],
  ["az functionapp show -g G -n A --query '[?name==`x'", 'is not a path'],
  ['az resource update -g G -n V --resource-type T --set deleteOption', 'is not PATH=VALUE'],
  ["az functionapp stop -g 'G -n A", 'nterminated'],
  ['az functionapp stop -g G$(1) -n A', 'not found'],
  ['az functionapp stop -g $group -n A', 'group'],
  ['pulumi up --stack dev --policy-packs policies', 'unrecognized argument: --policy-packs'],
  ['pulumi state delete-all --stack dev', 'is not a command'],
  ['npm run ops -- adopt phase --stack dev', 'missing required argument'],
  ['npm run ops -- adopt table-aside', '--role'],
  ['npm run ops -- adopt phase 1 --stacks dev', "unknown option '--stacks'"],
  ['npm run ops adopt phase 1', 'is no "npm run SCRIPT -- WORDS"'],
  ['npm run verify -- --stack dev', "'--target <platform>' not specified"],
])('refuses %s', (command, problem) => {
  expect(run(command)).toContain(problem);
});

it('a quoted word is that very word to the shell', () => {
  const words = fc.sample(
    fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...`az'"\`$\\!*?&|;<>() \t#~{}[]=`) })),
    500,
  );
  const usable = words.filter((word) => !/[\0\n]/.test(word));
  const { stdout } = spawnSync('sh', ['-c', `printf '%s\\n' ${usable.map(quote).join(' ')}`], { encoding: 'utf8' });
  expect(stdout.split('\n').slice(0, -1)).toEqual(usable);
});
