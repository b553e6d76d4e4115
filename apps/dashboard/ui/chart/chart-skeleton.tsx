// A chart's room while its data is read: what is below it does not move when it comes.
import { classes } from '../classes.ts';
import { Skeleton } from '../page.tsx';
import styles from './chart.module.css';

/** @param small As the chart's. */
export const ChartSkeleton = ({ small }: { small?: boolean }) => (
  <div className={classes(styles.room, small && styles.small)}>
    <Skeleton lines={small ? 5 : 8} label="Loading chart" />
  </div>
);
