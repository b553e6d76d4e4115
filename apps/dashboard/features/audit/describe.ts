// An entry of the audit log in words.
import { foreign, t } from '../../language/translate.ts';
import { formatTime } from '../../ui/format.ts';
import type { AuditEntry } from './audit.ts';

/** As Postgres writes a timestamptz into JSON. */
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d$/;

/** `device_key.created` becomes `Device key created`. */
export function describeAction(action: string): string {
  const words = action.replace(/[._]/g, ' ').trim();
  return foreign(words.charAt(0).toUpperCase() + words.slice(1));
}

/** What a change changed: `enabled: true → false`. Empty when the entry names no change. */
export function describeChanges(details: AuditEntry['details']): string {
  return Object.entries(details as object)
    .flatMap(([column, value]) => (column !== 'updated_at' && isChange(value) ? [describeChange(column, value)] : []))
    .join(', ');
}

/** Of several rows at once the former values may differ; of their lists there is what came and what went. */
function describeChange(column: string, { from, to, added, removed }: Change): string {
  if (to === undefined)
    return [
      ...(added ?? []).map((one) => `${column}: +${one}`),
      ...(removed ?? []).map((one) => `${column}: −${one}`),
    ].join(', ');
  return from === undefined ? `${column} → ${write(to)}` : `${column}: ${write(from)} → ${write(to)}`;
}

interface Change {
  from?: unknown;
  to?: unknown;
  added?: string[] | null;
  removed?: string[] | null;
}

function isChange(value: unknown): value is Change {
  return typeof value === 'object' && value !== null && ('to' in value || 'added' in value);
}

function write(value: unknown): string {
  if (value == null) return t('none');
  if (typeof value !== 'string') return JSON.stringify(value);
  return TIME.test(value) ? formatTime(new Date(value)) : value;
}

/** Which rows an entry about several is about: how many, and the first devices. Empty for an entry about one. */
export function describeMany(details: AuditEntry['details']): string {
  const { count, devices } = details as { count?: number; devices?: string[] };
  if (count === undefined) return '';
  if (devices === undefined) return String(count);
  return `${count}: ${devices.slice(0, 3).join(', ')}${devices.length > 3 ? ', …' : ''}`;
}
