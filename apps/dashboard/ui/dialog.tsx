'use client';
// A modal dialog: the browser's own, which makes the rest of the page inert, closes on Escape and gives the focus back.
// (A library's would inject a style element, which the Content-Security-Policy refuses.)
import { X } from 'lucide-react';
import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { t } from '../language/translate.ts';
import { Button } from './button.tsx';
import { classes } from './classes.ts';
import styles from './dialog.module.css';

interface Props {
  title: string;
  /** Called when the person closes it; take it off the page then. */
  onClose: () => void;
  /** Room for two columns. */
  large?: boolean;
  /** Closing needs the button: a click beside it or Escape would lose what cannot be shown again. */
  firm?: boolean;
  children: ReactNode;
}

/** Open for as long as it is on the page. */
export function Dialog({ title, onClose, large, firm, children }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    // The browser chose the first thing that can have it, which is the button that closes.
    dialog?.querySelector<HTMLElement>('input, select, textarea')?.focus();
    // Before it leaves the page: only closing gives the focus back to where it was.
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard's way to close it is Escape, which `onCancel` hears
    <dialog
      ref={ref}
      className={classes(styles.dialog, large && styles.large)}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (!firm) onClose();
      }}
      onClose={() => {
        // A second Escape closes even a firm dialog: browsers insist on a way out.
        if (ref.current && !ref.current.open) onClose();
      }}
      onClick={(event) => {
        if (!firm && event.target === ref.current) onClose();
      }}
    >
      <div className={styles.frame}>
        <header className={styles.head}>
          <h2 id={id}>{title}</h2>
          {!firm && (
            <Button variant="quiet" icon aria-label={t('Close')} onClick={onClose}>
              <X aria-hidden />
            </Button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** The dialog's buttons, the main one last. */
export const DialogActions = ({ children }: { children: ReactNode }) => (
  <div className={styles.actions}>{children}</div>
);
