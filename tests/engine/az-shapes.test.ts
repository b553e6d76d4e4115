// Whatever version of az printed an environment, it is the same environment: the same is taken over, kept, changed and refused.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type AdoptionPlan, planAdoption } from '../../ops/adopt/plan.ts';
import { readRecording } from '../../ops/adopt/recording.ts';
import { AZ_SHAPES, printed } from '../../ops/adopt/testing/az-shapes.ts';
import { DAYS, type NamedRecording, RECORDINGS, write } from '../../ops/adopt/testing/recordings.ts';
import { WAYS } from './adoption-cases.ts';

const ALL = [...new Set([...RECORDINGS, ...WAYS.map((way) => way.recording)])];

function planOf(recording: NamedRecording): AdoptionPlan {
  const folder = mkdtempSync(join(tmpdir(), 'shapes-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const decided = {
    ...DAYS,
    vmSize: 'Standard_B1s',
    accepted: ['broker-vm'],
  };
  return planAdoption(readRecording(write(recording, folder)), decided);
}

/** What makes no difference to Azure: the case of ids, maps of nothing, one range or a list of one. */
function meant(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(meant);
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' && value.startsWith('/subscriptions/') ? value.toLowerCase() : value;
  const entries = Object.entries(value).flatMap(([key, item]): [string, unknown][] => {
    const isNothing = typeof item === 'object' && item !== null && Object.keys(item).length === 0;
    if (isNothing || item === 'None') return [];
    const isList =
      /^(destinationPort|sourcePort)Ranges$|Prefixes$/.test(key) && Array.isArray(item) && item.length === 1;
    return isList ? [[key.replace(/(e?)s$/, '$1').replace(/Prefixe$/, 'Prefix'), item[0]]] : [[key, meant(item)]];
  });
  return Object.fromEntries(entries);
}

it.each(AZ_SHAPES.map((shape) => [shape.name, shape] as const))('%s', (_, shape) => {
  for (const recording of ALL) {
    const [plan, expected] = [planOf(printed(shape, recording)), planOf(recording)];
    for (const part of ['adoption', 'config'] as const) {
      expect(meant(plan[part]), recording.name).toEqual(meant(expected[part]));
    }
    const told = ({ changes }: AdoptionPlan) => changes.filter(({ member }) => member !== 'extensions');
    expect(told(plan), recording.name).toEqual(told(expected));
  }
});
