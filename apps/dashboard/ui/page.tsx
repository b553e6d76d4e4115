// The parts every page is made of: its head, its sections, and what is shown when there is nothing yet.
import type { ReactNode } from 'react';
import { t } from '../language/translate.ts';
import { classes } from './classes.ts';
import styles from './page.module.css';

interface HeadProps {
  title: ReactNode;
  /** One line below the title. */
  about?: ReactNode;
  /** A link back, above the title. */
  back?: ReactNode;
  actions?: ReactNode;
}

export function PageHead({ title, about, back, actions }: HeadProps) {
  return (
    <header className={styles.head}>
      <div className={styles.titles}>
        {back}
        <h1>{title}</h1>
        {about && <p>{about}</p>}
      </div>
      {actions && <div className={styles.actions}>{actions}</div>}
    </header>
  );
}

interface SectionProps {
  title: string;
  /** Beside the title: a choice of range, a button. */
  aside?: ReactNode;
  /** Content up to the edges, such as a table. */
  flush?: boolean;
  children: ReactNode;
}

export function Section({ title, aside, flush, children }: SectionProps) {
  return (
    <section className={styles.section} aria-label={title}>
      <div className={styles.sectionHead}>
        <h2>{title}</h2>
        {aside}
      </div>
      <div className={classes(styles.body, flush && styles.flush)}>{children}</div>
    </section>
  );
}

interface EmptyProps {
  icon: ReactNode;
  title: string;
  /** The next thing to do. */
  action?: ReactNode;
  children: ReactNode;
}

export function Empty({ icon, title, action, children }: EmptyProps) {
  return (
    <div className={styles.empty}>
      <span aria-hidden>{icon}</span>
      <h3>{title}</h3>
      <p>{children}</p>
      {action}
    </div>
  );
}

/** Grey lines where text will be. @param lines Default: 3. */
export function Skeleton({ lines = 3, label = t('Loading') }: { lines?: number; label?: string }) {
  return (
    <div className={styles.skeleton} role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are all alike and never move
        <span key={line} />
      ))}
    </div>
  );
}
