// A recording, adopted in a folder of the test's own.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ROOT } from '../../../bootstrap/root.mjs';
import { BASE, DAYS, type NamedRecording, recording, write } from './recordings.ts';

/** What `az` said of the environment. */
export const SAMPLE = BASE;

/** An adopted environment, in phase 0. */
export interface Adopted {
  /** Of Pulumi.yaml and Pulumi.dev.yaml. */
  folder: string;
  /** What `ops adopt` printed. */
  report: string;
  /** Runs `ops adopt` there with these words. */
  adopt(...args: string[]): { status: number | null; stdout: string; stderr: string };
  remove(): void;
}

/** A folder with this checkout's project, its stack dev and a recording. @returns the words for `ops adopt` there. */
export function layOut(folder: string, recorded: NamedRecording): string[] {
  const project = readFileSync(join(ROOT, 'Pulumi.yaml'), 'utf8');
  writeFileSync(join(folder, 'Pulumi.yaml'), project.replace('stacks/index.ts', join(ROOT, 'stacks/index.ts')));
  cpSync(join(ROOT, 'Pulumi.dev.yaml'), join(folder, 'Pulumi.dev.yaml'));
  const from = join(folder, 'recorded');
  mkdirSync(from);
  const days = ['--public-until', DAYS.publicUntil, '--gateway-until', DAYS.gatewayUntil];
  return ['--from', write(recorded, from), ...days];
}

/** @param recorded the base unless given. */
export function adoptSample(recorded: NamedRecording = recording('the base')): Adopted {
  const folder = mkdtempSync(join(tmpdir(), 'adopt-'));
  const adopt = (...args: string[]) => {
    const words = [join(ROOT, 'ops/main.ts'), 'adopt', '--cwd', folder, '--stack', 'dev', ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    return { status, stdout, stderr };
  };
  const { status, stdout, stderr } = adopt(...layOut(folder, recorded));
  expect({ status, stderr }).toEqual({ status: 0, stderr: `wrote ${folder}/Pulumi.dev.yaml; the report follows\n` });
  return { folder, report: stdout, adopt, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
