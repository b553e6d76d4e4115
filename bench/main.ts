// `npm run bench -- NAME`: runs bench/NAME.ts. docs/benchmarks.md lists them, and says with what each compares in the same run.
import { readdirSync } from 'node:fs';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts' && !file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -'.ts'.length));
const [name, ...args] = process.argv.slice(2);

if (!name || !names.includes(name)) {
  console.error(`usage: npm run bench -- NAME [ARGUMENT ...]\n\nNAME is one of: ${names.join(', ')}`);
  process.exitCode = name === '--help' ? 0 : 2;
} else {
  const { run } = (await import(`./${name}.ts`)) as { run: (args: string[]) => Promise<void> };
  await run(args);
}
