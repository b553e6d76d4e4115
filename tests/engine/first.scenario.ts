// The first deployment of a committed stack, as the documentation has it: a preview with the policy pack, then `pulumi up` with it.
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { readPlan } from '../../preview/plan.ts';
import { deployed, openDeployed } from './deployed.ts';
import { changesOf, operationsOf } from './events.ts';

describe.each(['dev', 'prod'] as const)('%s', (stack) => {
  const planned = readPlan(`${ROOT}/stacks/snapshots/${stack}.json`)!;

  it('is previewed, and no policy objects', async () => {
    const { preview } = await deployed(stack);
    expect(preview.findings).toEqual([]);
    expect(preview.status, preview.output).toBe(0);
    expect([...operationsOf(preview).keys()].sort()).toEqual(planned.map(({ urn }) => urn));
  });

  it('is deployed, and no policy objects', async () => {
    const { up } = await deployed(stack);
    expect(up.findings).toEqual([]);
    expect(up.status, up.output).toBe(0);
    expect(new Set(operationsOf(up).values())).toEqual(new Set(['create']));
  });

  it('has nothing to change when it is previewed again', async () => {
    const copy = await openDeployed(stack);
    try {
      const again = await copy.preview();
      expect(again.status, again.output).toBe(0);
      expect(changesOf(again)).toEqual([]);
    } finally {
      copy.close();
    }
  });
});
