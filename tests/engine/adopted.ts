// An adoption on the engine: the cloud that was recorded, the stack file that `ops adopt` writes of it, its phases as the report tells
// them, and what has become of everything that was recorded.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { ROOT } from '../../bootstrap/root.mjs';
import { type AdoptionPlan, planAdoption } from '../../ops/adopt/plan.ts';
import { readRecording } from '../../ops/adopt/recording.ts';
import type { AzShape } from '../../ops/adopt/testing/az-shapes.ts';
import { baseFiles, DAYS, type Files, type NamedRecording } from '../../ops/adopt/testing/recordings.ts';
import { layOut } from '../../ops/adopt/testing/sample.ts';
import { changesOf, type EngineOperation, type Said } from './events.ts';
import { EngineStack } from './stack.ts';
import { runAz } from './standins/az.ts';
import { SUBSCRIPTION } from './standins/azure-ids.ts';
import type { Thing } from './standins/cloud.ts';
import { type Difference, differencesOf } from './standins/compared.ts';
import { thingsOf } from './standins/recorded.ts';
import type { WireObject } from './standins/values.ts';

/** A member of a recorded resource that is not what it was. */
export interface Changed extends Difference {
  /** The program's name for the resource; the id of what the program does not have. */
  name: string;
}

/** What is adopted, and what somebody decides. */
export interface Case {
  recording: NamedRecording;
  /** How az printed it. Default: as the base is. */
  shape?: AzShape;
  /** `--storage` */
  storage?: string;
  /** `--accept`, by name. */
  accepted?: string[];
}

const run = promisify(execFile);

/** `ops adopt` with these words. @returns what it printed. @throws Error */
async function adopt(folder: string, ...words: string[]): Promise<string> {
  const args = [join(ROOT, 'ops/main.ts'), 'adopt', ...words, '--stack', 'dev', '--cwd', folder];
  return (await run(process.execPath, args)).stdout;
}

export class Adopted {
  readonly stack: EngineStack;
  /** What `ops adopt` printed. */
  readonly report: string;
  private readonly planned: AdoptionPlan;
  private readonly recorded: Thing[];
  private readonly nameOf: Map<string, string>;
  private phase = 0;

  private constructor(stack: EngineStack, report: string, planned: AdoptionPlan, recorded: Thing[]) {
    this.stack = stack;
    this.report = report;
    this.planned = planned;
    this.recorded = recorded;
    const adopted = Object.entries({ ...planned.adoption.resources, ...planned.adoption.left });
    this.nameOf = new Map(adopted.map(([name, { id }]) => [id.toLowerCase(), name]));
  }

  /** The program's names for what is adopted, sorted. */
  get names(): string[] {
    return [...this.nameOf.values()].sort();
  }

  /** Those that are no part of the stack in the end. */
  get left(): string[] {
    return Object.keys(this.planned.adoption.left).sort();
  }

  /** The machine as it is now. */
  get machine(): WireObject {
    return this.stack.cloud.get(this.planned.adoption.resources['broker-vm']!.id)!.outputs;
  }

  /** The Function App that was recorded. */
  get oldApp(): WireObject {
    return this.stack.cloud.get(this.planned.adoption.left['before-function-app']!.id)!.outputs;
  }

  static async open({ recording, shape, storage, accepted = [] }: Case): Promise<Adopted> {
    const files = baseFiles();
    here(recording).change(files);
    const things = thingsOf(files);
    const words = [...(storage ? ['--storage', storage] : []), ...accepted.flatMap((each) => ['--accept', each])];
    const folder = mkdtempSync(join(tmpdir(), 'adopted-'));
    try {
      const report = await adopt(folder, ...layOut(folder, here(recording, shape)), ...words);
      const written = readFileSync(join(folder, 'Pulumi.dev.yaml'), 'utf8');
      const { 'mqtt-saas:vmSize': vmSize } = parse(written).config;
      const planned = planAdoption(readRecording(join(folder, 'recorded')), { ...DAYS, vmSize, storage, accepted });
      const stack = await EngineStack.open({ stack: 'dev', change: () => written });
      for (const thing of things) stack.cloud.put(structuredClone(thing));
      return new Adopted(stack, report, planned, things);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /**
   * Goes to a phase as the report says: its commands of az, its deployment; on the way back, what it says under "Back".
   * @param pack with the policies, and the exceptions of the phase.
   */
  async go(phase: number, { pack = false } = {}): Promise<Said> {
    const [from, to] = [this.phase, phase];
    const { steps, back } = this.told(Math.max(from, to));
    if (to > from) runAz(this.stack.cloud, steps);
    if (to !== from) await adopt(this.stack.dir, 'phase', String(phase));
    if (pack) await adopt(this.stack.dir, 'exceptions');
    const said = await this.stack.up(pack ? { pack, packConfig: this.exceptions() } : {});
    if (to < from) runAz(this.stack.cloud, back);
    this.phase = phase;
    return said;
  }

  /** What `ops adopt exceptions` wrote last. */
  exceptions = (): Record<string, unknown> =>
    JSON.parse(readFileSync(join(this.stack.dir, `policies.${this.stack.stack}.json`), 'utf8'));

  /** A phase's section of the report, and the way back in it. */
  private told(phase: number): { steps: string; back: string } {
    const [, section = ''] = new RegExp(`\n## Phase ${phase}\\b([^]*?)(?=\n## |$)`).exec(this.report) ?? [];
    const [steps = '', back = ''] = section.split('\nBack');
    return { steps, back };
  }

  /** What the engine did to what was recorded: `['broker-vm', 'replace']`. */
  done(said: Said): [string, EngineOperation][] {
    return changesOf(said).filter(([name]) => this.names.includes(name));
  }

  /** Where what was recorded is not what it was. */
  changed(): Changed[] {
    return this.recorded.flatMap((thing) =>
      differencesOf(thing, this.stack.cloud.get(thing.id)).map((difference) => ({
        name: this.nameOf.get(thing.id.toLowerCase()) ?? thing.id,
        ...difference,
      })),
    );
  }

  /** What was recorded and is not what it was, although nobody was told so for this phase or an earlier one. */
  untold(phase: number): Changed[] {
    return this.changed().filter(({ name, path, was }) => was !== undefined && !this.isTold(name, path, phase));
  }

  private isTold(name: string, path: string, phase: number): boolean {
    const { adoption, account, changes } = this.planned;
    const gone = adoption.left[name]?.gone;
    if (gone !== undefined) return path === '' && gone <= phase;
    const isDue = (change: { phase: number; resource: string }) => change.resource === name && change.phase <= phase;
    const [, rule] = /^securityRules\[(.*?)\]/.exec(path) ?? [];
    if (rule) return changes.some((change) => isDue(change) && change.member === rule);
    const own = steps(path);
    const isUnder = (one: string, other: string) => one === other || one.startsWith(`${other}.`);
    const isAbout = (member: string) => isUnder(steps(member), own) || isUnder(own, steps(member));
    const kept = account
      .flatMap(({ resources }) => resources.filter(({ resource }) => resource === name))
      .flatMap(({ members }) => members.filter(({ outcome }) => outcome === 'kept'));
    return !kept.some((each) => isAbout(each.path)) && changes.some((each) => isDue(each) && isAbout(each.member));
  }

  close(): void {
    this.stack.close();
  }
}

/** A path without the places in its lists: `ipConfigurations[ipconfig1].name` and `ipConfigurations.0.name` are one. */
const steps = (path: string) => path.replace(/\[[^\]]*\]/g, '').replace(/\.\d+(?=\.|$)/g, '');

/** A recording in the subscription that the stand-in Azure has, as a version of az prints it. */
const here = (recording: NamedRecording, shape?: AzShape): NamedRecording => ({
  name: recording.name,
  change(files: Files) {
    recording.change(files);
    shape?.print(files);
    for (const [file, value] of Object.entries(files)) {
      files[file] = JSON.parse(JSON.stringify(value).replaceAll('00000000-1111-2222-3333-444444444444', SUBSCRIPTION));
    }
  },
});
