// Asks a person on the terminal.
import { createInterface } from 'node:readline/promises';

/** The answer; undefined if nobody is there to give one. */
export async function askOnTerminal(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C and Ctrl-D are an empty answer.
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  terminal.once('SIGINT', () => terminal.close());
  const answer = await Promise.race([terminal.question(question), closed]);
  terminal.close();
  return answer;
}
