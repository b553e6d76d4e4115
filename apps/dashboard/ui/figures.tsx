// Numbers that say at a glance how things are.
import type { ReactNode } from 'react';
import styles from './figures.module.css';

export const Figures = ({ children }: { children: ReactNode }) => <dl className={styles.figures}>{children}</dl>;

export function Figure({ label, value, note }: { label: string; value: ReactNode; note?: ReactNode }) {
  return (
    <div className={styles.figure}>
      <dt>{label}</dt>
      <dd>{value}</dd>
      {note && <dd className={styles.note}>{note}</dd>}
    </div>
  );
}
