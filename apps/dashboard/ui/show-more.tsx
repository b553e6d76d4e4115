'use client';
// Below a list that is longer: how much of it is shown, and a button for more.
import { Button } from './button.tsx';
import styles from './show-more.module.css';

export const ShowMore = ({ shown, onMore }: { shown: number; onMore: () => void }) => (
  <p className={styles.more}>
    {shown === 1 ? 'Only the newest is' : `The newest ${shown} are`} shown.
    <Button onClick={onMore}>Show more</Button>
  </p>
);
