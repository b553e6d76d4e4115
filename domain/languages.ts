// The languages of people: of the dashboard, of answers to questions, of notifications.

/** By their codes, with their English names. */
export const LANGUAGES = { en: 'English', id: 'Indonesian' } as const;
export type Language = keyof typeof LANGUAGES;
