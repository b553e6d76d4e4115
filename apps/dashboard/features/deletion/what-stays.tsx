// What stays after a deletion, for the dialogs that ask for one. docs/deletion.md says it in full.
import { t } from '../../language/translate.ts';
import styles from './deletion.module.css';

export const WhatStays = () => (
  <p className={styles.stays}>
    {t(
      'Backups keep the deleted data until they expire, usually after 30 days. The operator keeps a record without names: the id, when the deletion was requested and completed, and how many rows were deleted.',
    )}
  </p>
);
