import styles from './small-choice.module.css';

interface Props<Value extends string> {
  /** For screen readers: what is chosen. */
  label: string;
  options: readonly { value: Value; label: string }[];
  value: Value;
  onChange: (value: Value) => void;
}

/** A choice within a table's cell; a choice is carried out at once. */
export function SmallChoice<Value extends string>({ label, options, value, onChange }: Props<Value>) {
  return (
    <select
      className={styles.choice}
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value as Value)}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}
