// Deletes a local platform's data: never while it runs, and only for a person who gives its name.
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { type Claim, claimInstance, listInstances } from './instance.ts';

/**
 * `npm start -- --remove NAME`.
 * @throws Error if there is no such platform, or it is running.
 */
export async function removePlatform(name: string): Promise<void> {
  const names = listInstances();
  if (!names.includes(name)) {
    throw new Error(`there is no platform "${name}" in this checkout (there is: ${names.join(', ') || 'none'})`);
  }
  const claim = await claimInstance(name);
  await claim.removeData();
  claim.release();
  console.log(`The platform "${name}" and its data are deleted (${claim.dir}).`);
}

/**
 * `npm start -- --fresh`: deletes the data of earlier starts.
 * @param named true if the person has given the name already; otherwise they are asked for it.
 * @param ask gives the person's answer. Default: on the terminal, if there is one.
 * @throws Error if nobody can be asked, or the answer is not the name.
 */
export async function startAfresh(claim: Claim, named: boolean, ask = askOnTerminal): Promise<void> {
  const { name, dir, hasData } = claim;
  if (!hasData) return;
  if (!named) {
    const answer = await ask(`Type "${name}" to delete this platform's data (${dir}): `);
    if (answer === undefined) {
      throw new Error(
        `the platform "${name}" has data (${dir}). To delete it, give its name: npm start -- --name ${name} --fresh`,
      );
    }
    if (answer.trim() !== name) throw new Error('nothing was deleted');
  }
  await claim.removeData();
  mkdirSync(dir);
}

/** Undefined if nobody is there to answer. */
async function askOnTerminal(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C, Ctrl-D: no answer, so not the name.
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  terminal.once('SIGINT', () => terminal.close());
  const answer = await Promise.race([terminal.question(question), closed]);
  terminal.close();
  return answer;
}
