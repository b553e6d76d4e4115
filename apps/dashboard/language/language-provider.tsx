'use client';
// Shows the pages in the language that the browser asks for.
import { Fragment, type ReactNode, useEffect, useLayoutEffect, useState } from 'react';
import { wantedLanguage } from './choice.ts';
import { type Catalogue, type Language, setShown, translation } from './language.ts';

const CATALOGUES: Record<Exclude<Language, 'en'>, () => Promise<[messages: Catalogue, elsewhere: Catalogue]>> = {
  id: async () => {
    const [{ INDONESIAN }, { FROM_ELSEWHERE }] = await Promise.all([
      import('./indonesian.ts'),
      import('./indonesian-from-elsewhere.ts'),
    ]);
    return [INDONESIAN, FROM_ELSEWHERE];
  },
};

/** Without a catalogue that does not load, the page is in English. */
async function load(language: Exclude<Language, 'en'>): Promise<Language> {
  const catalogues = await CATALOGUES[language]().catch(() => undefined);
  if (!catalogues) return 'en';
  setShown(language, ...catalogues);
  return language;
}

/**
 * The exported pages are in English, and React takes them over as they are. In another language they then leave the page before they do
 * anything, and come back when its catalogue is there.
 */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language | undefined>('en');
  useLayoutEffect(() => {
    const wanted = wantedLanguage();
    if (wanted === 'en') return;
    setLanguage(undefined);
    void load(wanted).then((loaded) => {
      document.documentElement.lang = loaded;
      delete document.documentElement.dataset.language;
      setLanguage(loaded);
    });
  }, []);
  useEffect(() => (language === undefined || language === 'en' ? undefined : translateTitles()), [language]);
  return language && <Fragment key={language}>{children}</Fragment>;
}

const TITLE = /^(\(\d+\) )?(.+?)( · mqtt-saas)$/;

/** Each page brings its English title with it. @returns what ends it. */
function translateTitles(): () => void {
  const show = () => {
    const title = document.title.replace(
      TITLE,
      (_, count = '', name, rest) => count + (translation(name) ?? name) + rest,
    );
    if (title !== document.title) document.title = title;
  };
  show();
  const watch = new MutationObserver(show);
  watch.observe(document.head, { childList: true, characterData: true, subtree: true });
  return () => watch.disconnect();
}
