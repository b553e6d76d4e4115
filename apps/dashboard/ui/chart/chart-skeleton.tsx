// A placeholder of a chart's size while its data loads, so that what is below does not move.
import { t } from '../../language/translate.ts';
import { classes } from '../classes.ts';
import { Skeleton } from '../page.tsx';
import styles from './chart.module.css';

/** @param small As the chart's. */
export const ChartSkeleton = ({ small }: { small?: boolean }) => (
  <div className={classes(styles.room, small && styles.small)}>
    <Skeleton lines={small ? 5 : 8} label={t('Loading chart')} />
  </div>
);
