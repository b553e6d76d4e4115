'use client';
// The tags in use, to choose from where tags are typed.
import styles from './tags.module.css';
import { typedTags } from './tags.tsx';

/** Tags offered; more can be typed. */
const OFFERED = 20;

interface Props {
  known: string[];
  /** What has been typed. */
  text: string;
  /** For screen readers: what a click does with the tag. */
  verb: string;
  onChange: (text: string) => void;
}

export function KnownTags({ known, text, verb, onChange }: Props) {
  const typed = typedTags(text);
  const offered = known.filter((tag) => !typed.includes(tag)).slice(0, OFFERED);
  if (offered.length === 0) return null;
  return (
    <p className={styles.tags}>
      {offered.map((tag) => (
        <button
          key={tag}
          type="button"
          aria-label={`${verb} ${tag}`}
          onClick={() => onChange([...typed, tag].join(', '))}
        >
          {tag}
        </button>
      ))}
    </p>
  );
}
