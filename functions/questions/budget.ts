// What a call may cost: reserved before it, settled after it. The database decides; each step is a transaction of its own.
import type { Database } from '../database/connection.ts';
import type { QuestionSettings } from '../settings/questions.ts';
import type { Found } from './facts.ts';
import type { Cost } from './prompt.ts';

/** What is reserved: a call of one model, at its worst. */
export interface Wanted {
  kind: string;
  key: Buffer;
  model: string;
  worst: Cost;
}

/** What the database says to it. */
export type Reserved =
  | { answer: string; model: string; answered_at: string }
  | { reserved: string }
  | { refused: 'off' | 'asked' | 'tenant day' | 'tenant month' | 'platform month'; until?: string | null };

/** The budget of one process. */
export interface Budget {
  /** Writes what the configuration offers; undefined: nothing. */
  publish(settings: QuestionSettings | undefined): Promise<void>;
  reserve(found: Found, wanted: Wanted): Promise<Reserved>;
  /** Immediately before the call. False: it must not be made. */
  send(call: string): Promise<boolean>;
  /** @param cost undefined: unknown, so it counts at its worst. @param answer kept for the same question. */
  settle(call: string, cost: Cost | undefined, answer: string | undefined): Promise<void>;
}

/** Through this connection. */
export function openBudget(database: Database): Budget {
  const call = async <T>(sql: string, values: unknown[]): Promise<T> =>
    (await database.query<{ done: T }>(`select ${sql} as done`, values)).rows[0]?.done as T;
  return {
    publish: (settings) =>
      call('ingest.publish_questions($1::jsonb)', [settings ? JSON.stringify(offerOf(settings)) : null]),
    reserve: ({ tenant_id, user_id, device_id }, { kind, key, model, worst }) =>
      call('ingest.reserve_question($1, $2, $3, $4, $5, $6, $7, $8)', [
        tenant_id,
        user_id,
        device_id,
        kind,
        key,
        model,
        worst.tokens,
        worst.micros,
      ]),
    send: (id) => call('ingest.send_question($1)', [id]),
    settle: (id, cost, answer) =>
      call('ingest.settle_question($1, $2, $3, $4)', [id, cost?.tokens ?? null, cost?.micros ?? null, answer ?? null]),
  };
}

const offerOf = ({ url, models, pricesFrom, caps }: QuestionSettings) => ({
  provider: new URL(url).hostname,
  models: models.map(({ name }) => name),
  prices_from: pricesFrom,
  ...caps,
});
