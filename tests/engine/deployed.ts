// Stacks that are deployed once a run and that each scenario goes on from in a copy of its own.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import type { Plan } from '../../preview/plan.ts';
import type { Said } from './events.ts';
import { EngineStack, type StackOptions } from './stack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the run, with what its files share. */
    engineRun: string;
  }
}

/** A deployed stack, and what the engine said of its first preview and deployment, both with the policy pack. */
export interface Deployed {
  /** For {@link StackOptions.from}. */
  folder: string;
  preview: Said;
  up: Said;
  /** What the offline preview plans for it. */
  plan: Plan;
}

/**
 * A committed stack, deployed with the policy pack as a newcomer would: `pulumi preview`, then `pulumi up`. Who asks first deploys it,
 * in whatever process; others wait.
 */
export async function deployed(stack: 'dev' | 'prod'): Promise<Deployed> {
  const folder = join(inject('engineRun'), stack);
  const result = join(folder, 'said.json');
  try {
    mkdirSync(folder);
  } catch {
    while (!existsSync(result)) await sleep(100);
    const said = JSON.parse(readFileSync(result, 'utf8')) as Deployed | { failure: string };
    if ('failure' in said) throw new Error(said.failure);
    return said;
  }
  let said: Deployed | { failure: string } = { failure: 'the first deployment was cut short' };
  try {
    said = await deploy(stack, folder);
    return said;
  } catch (error) {
    said = { failure: (error as Error).message };
    throw error;
  } finally {
    writeFileSync(`${result}.partial`, JSON.stringify(said));
    renameSync(`${result}.partial`, result);
  }
}

async function deploy(stack: 'dev' | 'prod', folder: string): Promise<Deployed> {
  const opened = await EngineStack.open({ stack });
  try {
    const preview = await opened.preview({ pack: true });
    const up = await opened.up({ pack: true });
    // What a policy's finding stopped is deployed without the pack: the other scenarios need something to go on from.
    if (up.status !== 0) await opened.up();
    opened.save(folder);
    return { folder, preview, up, plan: await opened.plan() };
  } finally {
    opened.close();
  }
}

/** A copy of a deployed stack, to be closed by its caller. */
export async function openDeployed(stack: 'dev' | 'prod', options: Omit<StackOptions, 'stack' | 'from'> = {}) {
  return EngineStack.open({ ...options, stack, from: (await deployed(stack)).folder });
}
