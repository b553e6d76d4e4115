// The periodic job of questions: says in the database what the configuration offers, settles calls whose process is gone, and removes what is
// over.
import type { Database } from '../database/connection.ts';
import { LEAST_MS, step } from '../database/step.ts';
import type { Logger } from '../runtime/log.ts';
import { readQuestionSettings } from '../settings/questions.ts';
import { openBudget } from './budget.ts';

const ROWS = 500;

/** One turn. @throws SettingsError, database errors. */
export async function tidyQuestions(database: Database, log: Logger, leftMs: () => number): Promise<void> {
  await openBudget(database).publish(readQuestionSettings());
  let ended = 0;
  while (leftMs() >= LEAST_MS) {
    const done = await step<number>(database, 'ingest.tidy_questions($1)', [ROWS], leftMs());
    if (done === 0) break;
    ended += done;
  }
  if (ended > 0) log.info({ ended }, 'questions were tidied');
}
