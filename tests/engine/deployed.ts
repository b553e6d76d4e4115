// Stacks that are deployed once a run and that each scenario goes on from in a copy of its own.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import type { Said } from './events.ts';
import { EngineStack, type StackOptions } from './stack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the run, for what its files share. */
    engineRun: string;
  }
}

/** A deployed stack, and what the engine said of its first preview and deployment, both with the policy pack. */
export interface Deployed {
  /** For {@link StackOptions.from}. */
  folder: string;
  preview: Said;
  up: Said;
}

/**
 * A committed stack, deployed with the policy pack as a newcomer would: `pulumi preview`, then `pulumi up`. Who asks first deploys it,
 * in whatever process; others wait.
 */
export async function deployed(stack: 'dev' | 'prod'): Promise<Deployed> {
  const folder = join(inject('engineRun'), stack);
  const result = join(folder, 'said.json');
  mkdirSync(inject('engineRun'), { recursive: true });
  try {
    mkdirSync(folder);
  } catch {
    while (!existsSync(result)) await sleep(100);
    const said = JSON.parse(readFileSync(result, 'utf8')) as { preview: Said; up: Said };
    return { folder, ...said };
  }
  const said: { preview?: Said; up?: Said } = {};
  try {
    const opened = await EngineStack.open({ stack });
    try {
      said.preview = await opened.preview({ pack: true });
      said.up = await opened.up({ pack: true });
      // A policy's finding stops a deployment that is made otherwise: the others still have one to go on from.
      if (said.up.status !== 0) await opened.up();
      opened.save(folder);
    } finally {
      opened.close();
    }
  } finally {
    const none: Said = {
      status: -1,
      output: 'the run was cut short',
      steps: [],
      planned: [],
      findings: [],
      remedies: [],
      errors: [],
    };
    writeFileSync(result, JSON.stringify({ preview: none, up: none, ...said }));
  }
  return { folder, preview: said.preview, up: said.up };
}

/** A copy of a deployed stack, to be closed by its caller. */
export async function openDeployed(stack: 'dev' | 'prod', options: Omit<StackOptions, 'stack' | 'from'> = {}) {
  return EngineStack.open({ ...options, stack, from: (await deployed(stack)).folder });
}
