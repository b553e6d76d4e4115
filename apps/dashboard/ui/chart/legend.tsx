// What the colours of a chart mean, with the numbers at the point under the mouse, or of the whole.
import { classes } from '../classes.ts';
import type { ChartTone } from './chart.tsx';
import styles from './legend.module.css';
import tones from './tones.module.css';

interface Props {
  /** What the numbers are of. */
  when: string;
  entries: { label: string; tone: ChartTone; value: string }[];
}

export function Legend({ when, entries }: Props) {
  return (
    <p className={styles.legend}>
      <span className={styles.when}>{when}</span>
      {entries.map(({ label, tone, value }) => (
        <span key={label} className={classes(styles.entry, tones[tone])}>
          {label} <strong>{value}</strong>
        </span>
      ))}
    </p>
  );
}
