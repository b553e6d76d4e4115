import { t } from '../../language/translate.ts';
import { Badge } from '../../ui/badge.tsx';
import type { Severity } from './rules.ts';

const TONES = { info: 'neutral', warning: 'warn', critical: 'danger' } as const;

export const SeverityBadge = ({ severity }: { severity: Severity }) => (
  <Badge tone={TONES[severity]}>{t(severity)}</Badge>
);
