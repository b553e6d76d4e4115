'use client';
// Chooses the language of the pages in this browser.
import { chooseLanguage } from '../../language/choice.ts';
import { LANGUAGES, shownLanguage } from '../../language/language.ts';
import { t } from '../../language/translate.ts';
import { SmallChoice } from '../../ui/small-choice.tsx';

export const LanguageChoice = () => (
  <SmallChoice label={t('Language')} options={LANGUAGES} value={shownLanguage()} onChange={chooseLanguage} />
);
