'use client';
// Where a device was in a chart's range, as a track with a scale. Without a map below it: that would tell its server where the device is.
import { useQuery } from '@tanstack/react-query';
import { t } from '../../language/translate.ts';
import { formatNumber, formatTime } from '../../ui/format.ts';
import { Section } from '../../ui/page.tsx';
import { useNow } from '../../ui/time.tsx';
import { polled } from '../session/queries.tsx';
import { chartOf, refreshOf } from './charts.ts';
import { type Range, spanOf, tickOf } from './ranges.ts';
import { drawTrack, type PositionFields, positionsOf } from './track.ts';
import styles from './track-section.module.css';

const WIDTH = 600;
const HEIGHT = 300;

interface Props {
  deviceId: string;
  position: PositionFields;
  range: Range;
}

export function TrackSection({ deviceId, position, range }: Props) {
  const span = spanOf(range, useNow(tickOf(range)));
  const refresh = refreshOf(span);
  const { data: positions } = useQuery({
    queryKey: ['track', deviceId, position, ...('seconds' in range ? [range.seconds] : [span.from, span.until])],
    queryFn: async () => {
      const fields = [position.latitude, position.longitude] as const;
      const [latitudes, longitudes] = await Promise.all(fields.map((field) => chartOf(deviceId, field, span)));
      return positionsOf(latitudes ?? [], longitudes ?? []);
    },
    ...polled(refresh),
    staleTime: refresh,
  });
  const last = positions?.at(-1);
  if (!positions || !last) return null;
  const { points, scale } = drawTrack(positions, WIDTH / HEIGHT);
  const places = points.map(([x, y]) => `${Math.round(x * WIDTH * 10) / 10} ${Math.round(y * HEIGHT * 10) / 10}`);
  const length = scale.metres < 1000 ? `${scale.metres} m` : `${formatNumber(scale.metres / 1000)} km`;
  const where = `${formatNumber(last.latitude, 5)}, ${formatNumber(last.longitude, 5)}`;
  return (
    <Section title={t('Track')}>
      <p className={styles.where}>{t('Last near {where}, {time}', { where, time: formatTime(last.at) })}</p>
      <svg
        className={styles.track}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={t('Track of {positions} positions, north up; last near {where}. The scale is {length}.', {
          positions: positions.length,
          where,
          length,
        })}
      >
        <path className={styles.line} d={`M${places.join('L')}`} />
        <path className={styles.places} d={places.map((place) => `M${place}h0`).join('')} />
        <path className={styles.last} d={`M${places.at(-1)}h0`} />
        <path className={styles.scale} d={`M12 ${HEIGHT - 18}v6h${Math.round(scale.share * WIDTH)}v-6`} />
        <text x={18} y={HEIGHT - 18}>
          {length}
        </text>
      </svg>
    </Section>
  );
}
