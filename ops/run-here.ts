// Runs another program in this terminal, where it can ask.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { spawnProblem } from './spawn-problem.ts';

/** @param remedy what to do when it fails. @throws Error that ends with it, or says what to install. */
export async function runHere(program: string, args: string[], remedy: string): Promise<void> {
  console.log(`$ ${[program, ...args].join(' ')}`);
  const [code] = await once(spawn(program, args, { stdio: 'inherit' }), 'exit').catch((error) => {
    throw spawnProblem(error, `the ${program} command was not found: install it`);
  });
  if (code !== 0) throw new Error(`${program} ended with ${code}. ${remedy}`);
}
