'use client';
// Below a list that goes on: how much of it is shown, and the way to more.
import { Button } from './button.tsx';
import styles from './show-more.module.css';

export const ShowMore = ({ shown, onMore }: { shown: number; onMore: () => void }) => (
  <p className={styles.more}>
    The newest {shown} are shown.
    <Button onClick={onMore}>Show more</Button>
  </p>
);
