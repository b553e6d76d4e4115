import { t } from '../../language/translate.ts';
import { Badge } from '../../ui/badge.tsx';
import type { DeadLetter } from './dead-letters.ts';

/** A dead letter's state, in a word. */
export function LetterState({ letter: { redriven_at, redriven_as, redrive_requested_at } }: { letter: DeadLetter }) {
  if (redriven_at) return <Badge tone="ok">{redriven_as === 'duplicate' ? t('Duplicate') : t('Stored')}</Badge>;
  if (redrive_requested_at) return <Badge>{t('Redrive requested')}</Badge>;
  return <Badge tone="warn">{t('Not stored')}</Badge>;
}
