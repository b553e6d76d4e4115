// A state in a word, with a dot, so that colour is never the only sign.
import type { ReactNode } from 'react';
import styles from './badge.module.css';
import { classes } from './classes.ts';
import type { Tone } from './notice.tsx';

/** @param live the dot breathes: something is arriving right now. */
export function Badge({ tone = 'neutral', live, children }: { tone?: Tone; live?: boolean; children: ReactNode }) {
  return <span className={classes(styles.badge, styles[tone], live && styles.live)}>{children}</span>;
}
