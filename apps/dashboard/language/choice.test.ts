// The script that finds the language before a page is drawn.
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { LANGUAGE_SCRIPT } from './choice.ts';

/** What the script makes of a browser. @param kept what the person has chosen; an error: the browser keeps nothing. */
function found(kept: string | null | Error, languages: string[]): { lang: string; hidden: boolean } {
  const root = { lang: 'en', dataset: {} as { language?: string } };
  const getItem = () => {
    if (kept instanceof Error) throw kept;
    return kept;
  };
  runInNewContext(LANGUAGE_SCRIPT, {
    document: { documentElement: root },
    localStorage: { getItem },
    navigator: { languages },
  });
  return { lang: root.lang, hidden: root.dataset.language === 'loading' };
}

test.each([
  [null, ['en-US', 'en'], 'en'],
  [null, ['id-ID', 'en'], 'id'],
  [null, ['de-DE', 'id', 'en'], 'id'],
  [null, ['de', 'fr'], 'en'],
  [null, [], 'en'],
  ['en', ['id-ID'], 'en'],
  ['id', ['en-US'], 'id'],
  ['toString', ['id-ID'], 'id'],
  [new Error('SecurityError'), ['id-ID'], 'id'],
] as const)('chosen %s, the browser asks for %j: %s', (kept, languages, lang) => {
  expect(found(kept, [...languages])).toEqual({ lang, hidden: lang !== 'en' });
});
