// The name and its sign: readings going out from one point.
import { classes } from './classes.ts';
import styles from './wordmark.module.css';

export function Wordmark({ large }: { large?: boolean }) {
  return (
    <span className={classes(styles.wordmark, large && styles.large)}>
      <svg viewBox="0 0 32 32" aria-hidden>
        <rect width="32" height="32" rx="8" />
        <g fill="none" strokeLinecap="round" strokeWidth="3">
          <path d="M8 8.5a15.5 15.5 0 0 1 15.5 15.5" />
          <path d="M8 15.5a8.5 8.5 0 0 1 8.5 8.5" />
        </g>
        <circle cx="9.5" cy="22.5" r="2.5" />
      </svg>
      mqtt-saas
    </span>
  );
}
