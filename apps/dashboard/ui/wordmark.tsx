// The name and its sign: a broker between those who publish and those who listen.
import { classes } from './classes.ts';
import styles from './wordmark.module.css';

export function Wordmark({ large }: { large?: boolean }) {
  return (
    <span className={classes(styles.wordmark, large && styles.large)}>
      <svg viewBox="0 0 32 32" aria-hidden>
        <rect width="32" height="32" rx="8" />
        <path
          d="M21.5 8.5a10 10 0 0 1 0 15M10.5 8.5a10 10 0 0 0 0 15"
          fill="none"
          strokeLinecap="round"
          strokeWidth="3"
        />
        <circle cx="16" cy="16" r="3.25" />
      </svg>
      mqtt-saas
    </span>
  );
}
