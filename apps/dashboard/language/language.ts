// The languages of the dashboard: which one is shown, its catalogue of messages, and how it writes numbers, dates and time zones.
import { groupDigits } from '../../../domain/translate-text.ts';

/** `label` is what the language is called in itself. */
export const LANGUAGES = [
  { value: 'en', label: 'English' },
  { value: 'id', label: 'Bahasa Indonesia' },
] as const;
export type Language = (typeof LANGUAGES)[number]['value'];

/** Translations by English message. */
export type Catalogue = Readonly<Record<string, string>>;

interface Locale {
  decimal: string;
  /** Between thousands. */
  group: string;
  /** Between hours, minutes and seconds. */
  time: string;
  months: string;
  /** Names of time zones by their minutes ahead of UTC. */
  zones: Readonly<Record<number, string>>;
}

/** As Intl writes them. By hand, because a browser takes some 30 ms to make its first formatter, during which a slow phone stands still. */
const LOCALES: Record<Language, Locale> = {
  en: { decimal: '.', group: ',', time: ':', months: 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec', zones: {} },
  id: {
    decimal: ',',
    group: '.',
    time: '.',
    months: 'Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des',
    zones: { 420: 'WIB', 480: 'WITA', 540: 'WIT' },
  },
};

let language: Language = 'en';
let catalogue: Catalogue | undefined;
let elsewhere: Catalogue = {};

/** The language that is shown. */
export const shownLanguage = (): Language => language;

/** The translation of an English message; undefined in English, and of what is not in the catalogue, such as "constructor". */
export const translation = (message: string): string | undefined =>
  catalogue && Object.hasOwn(catalogue, message) ? catalogue[message] : undefined;

export const locale = (): Locale => LOCALES[language];

/** English texts of the database and of programs, with `{arguments}`, and their translations. */
export const textsFromElsewhere = (): Catalogue => elsewhere;

/** Shows a language from now on. @param messages undefined: English. @param others as above. */
export function setShown(next: Language, messages?: Catalogue, others: Catalogue = {}): void {
  language = next;
  catalogue = messages;
  elsewhere = others;
}

/** A number's digits, such as `1234.5` or `1.2e-5`, as the language writes them. */
export function localDigits(digits: string): string {
  const { group, decimal } = locale();
  return groupDigits(digits, group, decimal);
}

/** The time zone of a local time: `WIB`, `UTC+7`, `UTC-3:30`. */
export function zoneName(time: Date): string {
  const ahead = -time.getTimezoneOffset();
  const known = locale().zones[ahead];
  if (known || ahead === 0) return known ?? 'UTC';
  const size = Math.abs(ahead);
  const minutes = size % 60 === 0 ? '' : `:${String(size % 60).padStart(2, '0')}`;
  return `UTC${ahead < 0 ? '-' : '+'}${Math.floor(size / 60)}${minutes}`;
}
