// Has a person confirm what cannot be taken back at once.
import { askOnTerminal } from '../bootstrap/ask.ts';

/** @param given what `--confirm` holds. @throws Error unless the target's name is given, here or on the terminal. */
export async function confirmTarget(name: string, given: string | undefined): Promise<void> {
  const answer = given ?? (await askOnTerminal(`To go on, type ${name}: `));
  if (answer === undefined) throw new Error(`to confirm, add --confirm ${name}`);
  if (answer !== name) throw new Error(`not confirmed: "${answer}" is not ${name}`);
}
