'use client';
// Shows the pages in the language that the browser asks for.
import { Fragment, type ReactNode, useEffect, useLayoutEffect, useState } from 'react';
import { type Catalogue, type Language, setShown, translation, wantedLanguage } from './language.ts';

const CATALOGUES: Record<Exclude<Language, 'en'>, () => Promise<Catalogue>> = {
  id: async () => (await import('./indonesian.ts')).INDONESIAN,
};

/** Without a catalogue that does not load, the page is in English. */
async function load(language: Exclude<Language, 'en'>): Promise<Language> {
  const catalogue = await CATALOGUES[language]().catch(() => undefined);
  if (!catalogue) return 'en';
  setShown(language, catalogue);
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
    void load(wanted).then(setLanguage);
  }, []);
  useEffect(() => {
    if (!language) return;
    document.documentElement.lang = language;
    delete document.documentElement.dataset.language;
    return language === 'en' ? undefined : translateTitles();
  }, [language]);
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
