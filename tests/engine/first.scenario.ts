// The first deployment of a committed stack, as the documentation has it: a preview with the policy pack, then `pulumi up` with it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { deployed, openDeployed } from './deployed.ts';
import { changesOf, operationsOf } from './events.ts';

describe.each(['dev', 'prod'] as const)('%s', (stack) => {
  it('is previewed, and no policy objects', async () => {
    const { preview, plan } = await deployed(stack);
    expect(preview.findings).toEqual([]);
    expect(preview.status, preview.output).toBe(0);
    const urns = [...operationsOf(preview).keys()].filter((urn) => !urn.includes('::pulumi:providers:'));
    expect(urns.sort()).toEqual(plan.map(({ urn }) => urn));
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

it('the engine’s own preview says more than it does, as docs/preview.md has it', async () => {
  const stack = await openDeployed('dev');
  try {
    stack.configure((file) => file.replace(/(:costCenter: ).*/, '$1iot-9999'));
    const operations = changesOf(await stack.preview()).map(([, operation]) => operation);
    const count = (operation: string) => operations.filter((each) => each === operation).length;
    const page = readFileSync(join(ROOT, 'docs/preview.md'), 'utf8').replaceAll('\n', ' ');
    expect(page).toContain(`${count('replace')} replacements and ${count('update')} updates`);
    expect(changesOf(await stack.up()).map(([, operation]) => operation)).not.toContain('replace');
  } finally {
    stack.close();
  }
});
