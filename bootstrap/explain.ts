// `--help` of a program without options of its own: the comment at its head.
import { readFileSync } from 'node:fs';

/** Ends the process when help is asked for. @param file of the program. */
export function explainOnHelp(file: string): void {
  if (!process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) return;
  const lines = readFileSync(file, 'utf8').split('\n');
  const head = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('//')),
  );
  console.log(head.map((line) => line.replace(/^\/\/ ?/, '')).join('\n'));
  process.exit(0);
}
