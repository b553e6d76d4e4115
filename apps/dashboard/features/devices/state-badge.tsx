'use client';
import { Badge } from '../../ui/badge.tsx';
import { useTimely } from '../../ui/time.tsx';
import { deviceState } from './state.ts';

/** A device's state in a word. */
export function StateBadge({ enabled, receivedAt }: { enabled: boolean; receivedAt: string | undefined }) {
  const { word, tone } = useTimely((now) => deviceState(enabled, receivedAt, now));
  return (
    <Badge tone={tone} live={word === 'Live'}>
      {word}
    </Badge>
  );
}
