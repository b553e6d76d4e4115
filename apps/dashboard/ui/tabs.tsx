'use client';
// Several views of one page, one in view at a time; keys as the ARIA Authoring Practices have them for tabs:
// https://www.w3.org/WAI/ARIA/apg/patterns/tabs/
import { type KeyboardEvent, type ReactNode, useId, useRef } from 'react';
import styles from './tabs.module.css';

interface Props<Value extends string> {
  /** What the tabs are of, for screen readers. */
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  tabs: { value: Value; label: string; content: ReactNode }[];
}

export function Tabs<Value extends string>({ label, value, onChange, tabs }: Props<Value>) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const here = tabs.findIndex((tab) => tab.value === value);
  function move(event: KeyboardEvent) {
    const places: Record<string, number> = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: -1 };
    const place = places[event.key];
    if (place === undefined) return;
    event.preventDefault();
    const next = (place + tabs.length) % tabs.length;
    onChange((tabs[next] as (typeof tabs)[number]).value);
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
  }
  return (
    <>
      <div ref={list} role="tablist" aria-label={label} className={styles.list} onKeyDown={move}>
        {tabs.map((tab) => {
          const isHere = tab.value === value;
          return (
            <button
              key={tab.value}
              type="button"
              role="tab"
              id={`${id}-${tab.value}`}
              aria-selected={isHere}
              aria-controls={isHere ? `${id}-panel` : undefined}
              tabIndex={isHere ? 0 : -1}
              className={styles.tab}
              onClick={() => onChange(tab.value)}
            >
              {tab.label}
            </button>
          );
        })}
      </div>
      <div
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${value}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a view without a control is reached by the keyboard, too
        tabIndex={0}
        className={styles.content}
      >
        {tabs[here]?.content}
      </div>
    </>
  );
}
