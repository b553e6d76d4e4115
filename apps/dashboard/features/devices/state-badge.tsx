'use client';
import { t } from '../../language/translate.ts';
import { Badge } from '../../ui/badge.tsx';
import { useTimely } from '../../ui/time.tsx';
import { deviceState, type Heard } from './state.ts';

/** A device's state in a word. */
export function StateBadge({ enabled, status }: { enabled: boolean; status: Heard | undefined }) {
  const { word, tone } = useTimely((now) => deviceState(enabled, status, now));
  return (
    <Badge tone={tone} live={word === 'Live'}>
      {t(word)}
    </Badge>
  );
}
