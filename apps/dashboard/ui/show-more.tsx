'use client';
// Below a list that is longer: how much of it is shown, and a button for more.
import { t } from '../language/translate.ts';
import { Button } from './button.tsx';
import styles from './show-more.module.css';

export const ShowMore = ({ shown, onMore }: { shown: number; onMore: () => void }) => (
  <p className={styles.more}>
    {t('{shown, plural, one {Only the newest is shown.} other {The newest # are shown.}}', { shown })}
    <Button onClick={onMore}>{t('Show more')}</Button>
  </p>
);
