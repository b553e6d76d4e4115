import { Badge } from '../../ui/badge.tsx';
import type { DeadLetter } from './dead-letters.ts';

/** A dead letter's state, in a word. */
export function LetterState({ letter: { redriven_at, redriven_as, redrive_requested_at } }: { letter: DeadLetter }) {
  if (redriven_at) return <Badge tone="ok">{redriven_as === 'duplicate' ? 'Duplicate' : 'Stored'}</Badge>;
  if (redrive_requested_at) return <Badge>Redrive requested</Badge>;
  return <Badge tone="warn">Not stored</Badge>;
}
