// Turns the API's answers into sentences that say what is wrong and what to do.
import { foreign, type PlainMessage, t } from '../../language/translate.ts';

/** A refused or failed request. `message` is for people. */
export class ApiError extends Error {
  /** SQLSTATE or PostgREST's code; empty when the request never got an answer. */
  readonly code: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;

  constructor(message: string, code: string, status: number) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
  }
}

/** What PostgREST's client resolves to. */
export interface Answer {
  data: unknown;
  error: { message: string; hint?: string | null; code?: string } | null;
  status: number;
}

/** SQLSTATE of a statement that the database cancelled: too much was asked for. */
const TOO_MUCH = '57014';
/** With this code PostgREST answers 429. */
const BUSY = 'PT429';
/** Codes that PostgREST sends as server errors although they are answers: too much, or no such thing. */
const FINAL = new Set([TOO_MUCH, 'P0002']);

const OFFLINE = 'The platform cannot be reached. Check your connection; the page tries again by itself.';
const OTHER_VERSION =
  'This page and the platform have different versions. Reload the page; if that does not help, the database needs its migrations.';
const EXPIRED = 'Your session has ended. Sign in again.';

/** Sentences for codes whose own message is written for programmers. */
const BY_CODE: Record<string, PlainMessage> = {
  PGRST301: EXPIRED,
  PGRST303: EXPIRED,
  PGRST202: OTHER_VERSION,
  PGRST205: OTHER_VERSION,
  25006: 'The platform stores nothing at the moment, so nothing was changed. Try again later.',
  [TOO_MUCH]: 'The database took too long to answer and stopped. Ask for less, or come back when it is less busy.',
};

/** The rows or the value. @throws ApiError. */
export function unwrap<T>({ data, error, status }: Answer): T {
  if (error) throw new ApiError(sentence(error, status), error.code ?? '', status);
  return data as T;
}

function sentence(error: NonNullable<Answer['error']>, status: number): string {
  const known = BY_CODE[error.code ?? ''];
  if (known) return t(known);
  if (status === 0) return t(OFFLINE);
  if (status === 401) return t(EXPIRED);
  if (status >= 500 && !error.hint && error.code !== 'P0002')
    return t('The platform has a problem of its own. Try again in a moment.');
  if (/^permission denied for /.test(error.message))
    return t('Your role does not allow this. Ask an owner of the tenant.');
  return [error.message, error.hint]
    .filter(Boolean)
    .map((text) => foreign(asSentence(text)))
    .join(' ');
}

/** With a capital letter and a full stop. */
function asSentence(text: string | null | undefined): string {
  const trimmed = (text ?? '').trim();
  const whole = /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
  return whole.charAt(0).toUpperCase() + whole.slice(1);
}

/** What to show for anything thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof TypeError) return t(OFFLINE);
  return error instanceof Error ? error.message : t('Something went wrong. Try again.');
}

/** True for a failure that may go away by itself, so that a retry makes sense. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status === 0 || (error.status >= 500 && !FINAL.has(error.code));
}

/** True while others do as much at once as is allowed. */
export const isBusy = (error: unknown): boolean => error instanceof ApiError && error.code === BUSY;

/** True when the database could not read in time what was asked for: it would be no faster the next time. */
export const isTooMuch = (error: unknown): boolean => error instanceof ApiError && error.code === TOO_MUCH;
