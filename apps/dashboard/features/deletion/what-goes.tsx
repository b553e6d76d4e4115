// What a deletion removes and what stays, for the dialogs that ask for one. docs/deletion.md says it in full.
import styles from './deletion.module.css';

export const WhatStays = () => (
  <p className={styles.stays}>
    Backups keep what they hold until they expire, 30 days in general. The operator keeps a record without names: the
    id, when it was asked for and done, and how many rows went.
  </p>
);
