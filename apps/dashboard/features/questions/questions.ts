// Questions to the platform's language model: asking one, whether the tenant's owner has switched them on, and what they have cost.
import type { Answer, Question, Refusal } from '../../../../domain/questions.ts';
import { firstDay } from '../../../../domain/usage.ts';
import { localDigits } from '../../language/language.ts';
import { foreign, t } from '../../language/translate.ts';
import { clients } from '../session/clients.ts';
import { ApiError } from '../session/errors.ts';
import { type Api, allRows, call, type FunctionRow, oneRow } from '../session/rows.ts';

/** Who answers, and the caps of a tenant. */
export type Offer = FunctionRow<'question_offer'>;

/** Undefined where the platform offers no questions. @throws ApiError, as all below. */
export function questionOffer(tenantId: string): Promise<Offer | undefined> {
  return oneRow((api: Api) => api.rpc('question_offer', { tenant_id: tenantId }));
}

/** Whether the owner has switched questions on. */
export async function questionsAreOn(tenantId: string): Promise<boolean> {
  const row = await oneRow((api: Api) => api.from('question_settings').select('is_on').eq('tenant_id', tenantId));
  return row?.is_on ?? false;
}

export const setQuestions = (tenantId: string, isOn: boolean): Promise<void> =>
  call('set_questions', { tenant_id: tenantId, is_on: isOn });

/** What questions have cost on the days of a month. @param month such as 2026-11. */
export function questionDays(tenantId: string, month: string) {
  return allRows(
    (api: Api) =>
      api
        .from('question_days')
        .select('day,calls,cached,refused,tokens,micros')
        .eq('tenant_id', tenantId)
        .gte('day', firstDay(month))
        .lt('day', firstDay(month, 1)),
    ['day'],
  );
}

/** Asks. @throws ApiError with a sentence for people; {@link RefusedUntil} where it can be asked again later. */
export async function askQuestion(question: Question): Promise<Answer> {
  const { auth } = await clients();
  const { data } = await auth.getSession();
  const response = await fetch('/api/questions', {
    method: 'POST',
    headers: { authorization: `Bearer ${data.session?.access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify(question),
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body as Answer;
  const { error = t('Questions do not work at the moment.'), hint, until } = (body ?? {}) as Partial<Refusal>;
  const sentence = [error, hint].flatMap((text) => (text ? [foreign(text)] : [])).join(' ');
  throw until
    ? new RefusedUntil(sentence, response.status, new Date(until))
    : new ApiError(sentence, '', response.status);
}

/** Refused now, and not later. */
export class RefusedUntil extends ApiError {
  readonly until: Date;

  constructor(message: string, status: number, until: Date) {
    super(message, '', status);
    this.until = until;
  }
}

/** Money of a few cents, in US dollars. */
export const formatUsd = (usd: number): string =>
  `${localDigits(usd > 0 && usd < 0.01 ? String(Number(usd.toPrecision(2))) : usd.toFixed(2))} USD`;
