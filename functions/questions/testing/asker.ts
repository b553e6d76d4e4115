// A process that asks many questions at once, for the test of the caps: the functions' own code from the facts to the settling, without the
// endpoint's bound of how many one process works on. Its settings are the functions'; FIRST and LAST number its questions, AT_ONCE of which are
// under way at a time.
import { openDatabase } from '../../database/connection.ts';
import { createLogger } from '../../runtime/log.ts';
import { readQuestionSettings } from '../../settings/questions.ts';
import { ask } from '../ask.ts';
import { openBudget } from '../budget.ts';
import { makeProvider } from '../provider.ts';
import { Refused } from '../refused.ts';

const settings = readQuestionSettings()!;
const database = openDatabase(settings.database);
const asking = {
  settings,
  budget: openBudget(database),
  complete: makeProvider(settings),
  acquire: () => () => {},
  log: createLogger('asker', { level: 'silent', pretty: false }),
};
const outcomes: Record<string, number> = {};
let next = Number(process.env.FIRST);
async function askAll(): Promise<void> {
  while (next < Number(process.env.LAST)) {
    const n = next++;
    const outcome = await ask(asking, { kind: 'tenant', id: crypto.randomUUID(), language: 'en' }, String(n)).then(
      ({ cached }) => (cached ? 'cached' : 'answered'),
      (error: unknown) => (error instanceof Refused ? String(error.status) : String(error)),
    );
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
}
await Promise.all(Array.from({ length: Number(process.env.AT_ONCE) }, askAll));
await database.close();
process.stdout.write(JSON.stringify(outcomes));
