// A page that is one card in the middle: signing in, an invitation, a page that does not exist.
import type { ReactNode } from 'react';
import { chooseLanguage } from '../../language/choice.ts';
import { LANGUAGES, shownLanguage } from '../../language/language.ts';
import { t } from '../../language/translate.ts';
import { SmallChoice } from '../../ui/small-choice.tsx';
import { Wordmark } from '../../ui/wordmark.tsx';
import styles from './card-page.module.css';

export function CardPage({ title, about, children }: { title: string; about?: ReactNode; children?: ReactNode }) {
  return (
    <main className={styles.page}>
      <div className={styles.mark}>
        <Wordmark large />
      </div>
      <div className={styles.card}>
        <h1>{title}</h1>
        {about && <p>{about}</p>}
        {children}
      </div>
      <LanguageChoice />
    </main>
  );
}

const LanguageChoice = () => (
  <SmallChoice label={t('Language')} options={LANGUAGES} value={shownLanguage()} onChange={chooseLanguage} />
);
