import { Search as Lens } from 'lucide-react';
import styles from './search.module.css';

/** A field that filters a list as you type. */
export function Search({ label, value, onChange }: { label: string; value: string; onChange: (text: string) => void }) {
  return (
    <span className={styles.search}>
      <Lens aria-hidden />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </span>
  );
}
