// A labelled control with its hint and its error, tied together for screen readers.
import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, useId } from 'react';
import styles from './field.module.css';

interface Around {
  label: string;
  hint?: ReactNode;
  /** What is wrong with the value; shown instead of the hint. */
  error?: string | undefined;
}

function describe(id: string, { hint, error }: Omit<Around, 'label'>) {
  return { id, 'aria-describedby': hint || error ? `${id}-note` : undefined, 'aria-invalid': error ? true : undefined };
}

function Frame({ id, label, hint, error, children }: Around & { id: string; children: ReactNode }) {
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {children}
      {(error || hint) && (
        <p id={`${id}-note`} className={error ? styles.error : styles.hint}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

/** A line of text, a number, a date. */
export function Field({ label, hint, error, ...input }: Around & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <Frame {...{ id, label, hint, error }}>
      <input className={styles.control} {...describe(id, { hint, error })} {...input} />
    </Frame>
  );
}

/** A choice from a list. */
export function Choice({ label, hint, error, ...select }: Around & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId();
  return (
    <Frame {...{ id, label, hint, error }}>
      <select className={styles.control} {...describe(id, { hint, error })} {...select} />
    </Frame>
  );
}

/** Several lines of text. */
export function Lines({ label, hint, error, ...area }: Around & React.ComponentProps<'textarea'>) {
  const id = useId();
  return (
    <Frame {...{ id, label, hint, error }}>
      <textarea className={styles.control} rows={5} spellCheck={false} {...describe(id, { hint, error })} {...area} />
    </Frame>
  );
}

/** Fields side by side where there is room. */
export const FieldRow = ({ children }: { children: ReactNode }) => <div className={styles.row}>{children}</div>;
