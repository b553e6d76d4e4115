// A page that is one card in the middle: signing in, an invitation, a page that does not exist.
import type { ReactNode } from 'react';
import { Wordmark } from '../../ui/wordmark.tsx';
import styles from './card-page.module.css';
import { LanguageChoice } from './language-choice.tsx';

export function CardPage({ title, about, children }: { title: ReactNode; about?: ReactNode; children?: ReactNode }) {
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
