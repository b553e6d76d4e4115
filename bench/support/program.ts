// The Pulumi program alone, by the SDK's own runner: what a preview is compared with.
import { ROOT } from '../../bootstrap/root.mjs';
import { startEngine } from '../../preview/engine/engine.ts';
import type { Resource } from '../../preview/engine/resource.ts';
import { startProgram } from '../../preview/program.ts';
import { readProject } from '../../preview/project.ts';

/**
 * Runs it once. It costs less than the truth: the engine's own start is in this process already.
 * @returns what it registered, by URN. @throws Error when it fails.
 */
export async function runProgram(stack: string): Promise<Map<string, Resource>> {
  const resources = new Map<string, Resource>();
  const project = readProject(ROOT, stack);
  const engine = await startEngine(project, resources);
  const program = startProgram(project, engine.address);
  const code = await program.exited;
  engine.close();
  if (code !== 0) throw new Error(`the program failed: ${program.output()}\nRun npm run preview -- --stack ${stack}`);
  return resources;
}
