// Whether a provider is configured. Read while the Function App's host waits for the triggers: so without a schema library, and never an
// error, which would keep ingest from starting, too.
import type { Environment } from './environment.ts';

export const offersQuestions = (environment: Environment = process.env): boolean => Boolean(environment.QUESTIONS_URL);
