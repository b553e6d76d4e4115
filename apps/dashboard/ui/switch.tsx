// On or off, at once: no form around it.
import styles from './switch.module.css';

interface Props {
  /** For screen readers: what it switches. */
  label: string;
  checked: boolean;
  busy?: boolean;
  onChange: () => void;
}

export function Switch({ label, checked, busy, onChange }: Props) {
  return (
    <input
      type="checkbox"
      role="switch"
      className={styles.switch}
      aria-label={label}
      aria-busy={busy || undefined}
      checked={checked !== Boolean(busy)}
      aria-checked={checked !== Boolean(busy)}
      onChange={busy ? () => {} : onChange}
    />
  );
}
