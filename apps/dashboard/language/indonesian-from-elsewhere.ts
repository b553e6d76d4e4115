// Texts that the dashboard gets in English, from the database and from programs, in Indonesian. `{…}` stands for a value.

export const FROM_ELSEWHERE: Readonly<Record<string, string>> = {};
