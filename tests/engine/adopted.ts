// An adoption on the engine: the cloud that was recorded, the stack file that `ops adopt` writes of it, its phases as the report tells
// them, and what has become of everything that was recorded.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../../bootstrap/root.mjs';
import { type AdoptionPlan, planAdoption } from '../../ops/adopt/plan.ts';
import { readRecording } from '../../ops/adopt/recording.ts';
import type { AzShape } from '../../ops/adopt/testing/az-shapes.ts';
import { baseFiles, type Files, type NamedRecording } from '../../ops/adopt/testing/recordings.ts';
import { adoptSample } from '../../ops/adopt/testing/sample.ts';
import { changesOf, type EngineOperation, type Said } from './events.ts';
import { EngineStack } from './stack.ts';
import { runAz } from './standins/az.ts';
import { SUBSCRIPTION } from './standins/azure-ids.ts';
import type { Thing } from './standins/cloud.ts';
import { type Difference, differencesOf } from './standins/compared.ts';
import { thingsOf } from './standins/recorded.ts';

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

export class Adopted {
  readonly stack: EngineStack;
  /** What `ops adopt` printed. */
  readonly report: string;
  private readonly planned: AdoptionPlan;
  private readonly recorded: Thing[];
  private readonly names: Map<string, string>;
  private phase = 0;

  private constructor(stack: EngineStack, report: string, planned: AdoptionPlan, recorded: Thing[]) {
    this.stack = stack;
    this.report = report;
    this.planned = planned;
    this.recorded = recorded;
    const adopted = Object.entries({ ...planned.adoption.resources, ...planned.adoption.left });
    this.names = new Map(adopted.map(([name, { id }]) => [id.toLowerCase(), name]));
  }

  static async open({ recording, shape, storage, accepted = [] }: Case): Promise<Adopted> {
    const files = baseFiles();
    here(recording).change(files);
    const things = thingsOf(files);
    const words = [...(storage ? ['--storage', storage] : []), ...accepted.flatMap((each) => ['--accept', each])];
    const sample = adoptSample(here(recording, shape), words);
    try {
      const written = readFileSync(join(sample.folder, 'Pulumi.dev.yaml'), 'utf8');
      const { vmSize } = Object.fromEntries(
        Object.entries(parse(written).config).map(([key, value]) => [key.split(':')[1], value]),
      );
      const decided = { publicUntil: '2099-03-31', gatewayUntil: '2099-12-31', vmSize, storage, accepted };
      const planned = planAdoption(readRecording(join(sample.folder, 'recorded')), decided);
      const stack = await EngineStack.open({ stack: 'dev', change: () => written });
      for (const thing of things) stack.cloud.put(structuredClone(thing));
      return new Adopted(stack, sample.report, planned, things);
    } finally {
      sample.remove();
    }
  }

  /** `ops adopt` with these words. @throws Error */
  adopt(...words: string[]): void {
    const args = [join(ROOT, 'ops/main.ts'), 'adopt', ...words, '--stack', this.stack.stack, '--cwd', this.stack.dir];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`adopt ${words.join(' ')}: ${stderr}`);
  }

  /**
   * Goes to a phase as the report says: its commands of az, its deployment; on the way back, what it says under "Back".
   * @param pack with the policies, and the exceptions of the phase.
   */
  async go(phase: number, { pack = false } = {}): Promise<Said> {
    const [from, to] = [this.phase, phase];
    const { steps, back } = this.told(Math.max(from, to));
    if (to > from) runAz(this.stack.cloud, steps);
    if (to !== from) this.adopt('phase', String(phase));
    if (pack) this.adopt('exceptions');
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
    const [, section = ''] = new RegExp(`\n### Phase ${phase}\\b([^]*?)(?=\n###? |$)`).exec(this.report) ?? [];
    const [steps = '', back = ''] = section.split('\nBack');
    return { steps, back };
  }

  /** What the engine did to what was recorded: `['broker-vm', 'replace']`. */
  done(said: Said): [string, EngineOperation][] {
    const names = new Set(this.names.values());
    return changesOf(said).filter(([name]) => names.has(name));
  }

  /** Where what was recorded is not what it was. */
  changed(): Changed[] {
    return this.recorded.flatMap((thing) =>
      differencesOf(thing, this.stack.cloud.get(thing.id)).map((difference) => ({
        name: this.names.get(thing.id.toLowerCase()) ?? thing.id,
        ...difference,
      })),
    );
  }

  /**
   * Members that a phase changed or took away and that nobody was told of: the account says nothing of them until this phase, or
   * that they are kept.
   */
  untold(phase: number): Changed[] {
    return this.changed().filter(({ name, path, was }) => was !== undefined && !this.isTold(name, path, phase));
  }

  private isTold(name: string, path: string, phase: number): boolean {
    const { adoption, account } = this.planned;
    const gone = adoption.left[name]?.gone;
    if (gone !== undefined) return path === '' && gone <= phase;
    const members = account
      .flatMap((part) => part.resources.map((each) => ({ phase: part.phase, ...each })))
      .filter(({ resource }) => resource === name)
      .flatMap((part) => part.members.map((member) => ({ ...member, phase: part.phase })));
    const isUnder = (one: string, other: string) => one === other || one.startsWith(`${other}.`);
    const own = steps(path);
    const about = members.filter((member) => isUnder(steps(member.path), own) || isUnder(own, steps(member.path)));
    return about.length > 0 && about.every((member) => member.fate !== 'kept' && member.phase <= phase);
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
