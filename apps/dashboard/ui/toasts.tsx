'use client';
// Short messages about what was just done. One live region, so that a screen reader hears each.
import { CircleAlert, CircleCheck } from 'lucide-react';
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react';
import { classes } from './classes.ts';
import styles from './toasts.module.css';

/** Milliseconds a message stays. */
const STAY_MS = 6000;

type Notify = (text: string, tone?: 'ok' | 'danger') => void;

const Context = createContext<Notify>(() => {});

/** Says that something was done (`ok`, the default) or was not (`danger`). */
export const useNotify = () => useContext(Context);

interface Toast {
  id: number;
  text: string;
  tone: 'ok' | 'danger';
}

let last = 0;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const notify = useCallback<Notify>((text, tone = 'ok') => {
    last += 1;
    const id = last;
    setToasts((all) => [...all.slice(-2), { id, text, tone }]);
    setTimeout(() => setToasts((all) => all.filter((toast) => toast.id !== id)), STAY_MS);
  }, []);
  return (
    <Context value={notify}>
      {children}
      <div className={styles.toasts} role="status" aria-live="polite">
        {toasts.map(({ id, text, tone }) => (
          <p key={id} className={classes(styles.toast, styles[tone])}>
            {tone === 'ok' ? <CircleCheck aria-hidden /> : <CircleAlert aria-hidden />}
            {text}
          </p>
        ))}
      </div>
    </Context>
  );
}
