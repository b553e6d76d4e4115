// An adoption on the engine: the cloud that was recorded, the stack file that `ops adopt` writes of it, its phases as the report tells
// them, and what has become of everything that was recorded.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../bootstrap/root.mjs';
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
  /** The program's name for the resource. */
  name: string;
}

export class Adopted {
  readonly stack: EngineStack;
  /** What `ops adopt` printed. */
  readonly report: string;
  /** What was there, by the program's name for it. */
  readonly recorded: ReadonlyMap<string, Thing>;

  private constructor(stack: EngineStack, report: string, recorded: ReadonlyMap<string, Thing>) {
    this.stack = stack;
    this.report = report;
    this.recorded = recorded;
  }

  /** @param shape how az printed it. @param words more for `ops adopt`. */
  static async open(recording: NamedRecording, shape?: AzShape, words: string[] = []): Promise<Adopted> {
    const files = baseFiles();
    here(recording).change(files);
    const things = thingsOf(files);
    const printed: NamedRecording = {
      name: recording.name,
      change(all) {
        here(recording).change(all);
        shape?.print(all);
      },
    };
    const sample = adoptSample(printed, words);
    try {
      const written = readFileSync(join(sample.folder, 'Pulumi.dev.yaml'), 'utf8');
      const stack = await EngineStack.open({ stack: 'dev', change: () => written });
      for (const thing of things) stack.cloud.put(structuredClone(thing));
      return new Adopted(stack, sample.report, new Map(things.map((thing) => [thing.id, thing])));
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

  /** Goes to a phase as the report says: its commands of az, its deployment. @param pack with the policies and the phase's exceptions. */
  async go(phase: number, { pack = false }: { pack?: boolean } = {}): Promise<Said> {
    const [from, to] = [this.phase, phase];
    const [, steps = '', back = ''] =
      new RegExp(`\n### Phase ${Math.max(from, to)}\\b([^]*?)\nBack: ?([^]*?)(?=\n#|$)`).exec(this.report) ?? [];
    const forwards = to > from;
    if (to !== from) {
      if (forwards) runAz(this.stack.cloud, steps);
      this.adopt('phase', String(phase));
    }
    if (pack) this.adopt('exceptions');
    const packConfig = pack && JSON.parse(readFileSync(join(this.stack.dir, 'policies.dev.json'), 'utf8'));
    const said = await this.stack.up(pack ? { pack, packConfig } : {});
    if (to < from) runAz(this.stack.cloud, back);
    this.phase = phase;
    return said;
  }
  private phase = 0;

  /** What happened to what was recorded, but for updates: `['broker-vm', 'replace']`. */
  done(said: Said): [string, EngineOperation][] {
    const ids = new Set([...this.recorded.keys()].map((id) => id.toLowerCase()));
    return changesOf(said).filter(([, operation]) => operation !== 'update' && ids.size > 0);
  }

  /** Where what was recorded is not what it was. */
  changed(): Changed[] {
    return [...this.recorded].flatMap(([name, thing]) =>
      differencesOf(thing, this.stack.cloud.get(thing.id)).map((difference) => ({ name, ...difference })),
    );
  }

  close(): void {
    this.stack.close();
  }
}

/** In the subscription that the stand-in Azure has. */
const here = (recording: NamedRecording): NamedRecording => ({
  name: recording.name,
  change(files: Files) {
    recording.change(files);
    for (const [file, value] of Object.entries(files)) {
      files[file] = JSON.parse(JSON.stringify(value).replaceAll('00000000-1111-2222-3333-444444444444', SUBSCRIPTION));
    }
  },
});
