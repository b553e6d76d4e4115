// Deletes a local platform's data: never while it runs, and only for a person who gives its name.
import { mkdirSync } from 'node:fs';
import { askOnTerminal } from '../bootstrap/ask.ts';
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
