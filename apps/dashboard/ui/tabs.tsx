'use client';
// Several views of one page, one in view at a time.
import { Tabs as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import styles from './tabs.module.css';

interface Props<Value extends string> {
  /** What the tabs are of, for screen readers. */
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  tabs: { value: Value; label: string; content: ReactNode }[];
}

export function Tabs<Value extends string>({ label, value, onChange, tabs }: Props<Value>) {
  return (
    <Radix.Root value={value} onValueChange={(chosen) => onChange(chosen as Value)}>
      <Radix.List className={styles.list} aria-label={label}>
        {tabs.map((tab) => (
          <Radix.Trigger key={tab.value} value={tab.value} className={styles.tab}>
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.value} value={tab.value} className={styles.content}>
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
