// A message within the page: what went wrong or right, and what to do.
import { CircleAlert, CircleCheck, Info } from 'lucide-react';
import type { ReactNode } from 'react';
import { classes } from './classes.ts';
import styles from './notice.module.css';

export type Tone = 'ok' | 'warn' | 'danger' | 'neutral';

const ICONS = { ok: CircleCheck, warn: CircleAlert, danger: CircleAlert, neutral: Info };

export function Notice({ tone, children }: { tone: Tone; children: ReactNode }) {
  const Icon = ICONS[tone];
  return (
    <div className={classes(styles.notice, styles[tone])} role={tone === 'danger' ? 'alert' : 'status'}>
      <Icon aria-hidden />
      <div className={styles.text}>{children}</div>
    </div>
  );
}
