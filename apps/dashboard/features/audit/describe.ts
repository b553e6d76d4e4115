// An entry of the audit log in words.
import { formatTime } from '../../ui/format.ts';
import type { AuditEntry } from './audit.ts';

/** As Postgres writes a timestamptz into JSON. */
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d$/;

/** `device_key.created` becomes `Device key created`. */
export function describeAction(action: string): string {
  const words = action.replace(/[._]/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a change changed: `enabled: true → false`. Empty when the entry names no change. */
export function describeChanges(details: AuditEntry['details']): string {
  return Object.entries(details as object)
    .flatMap(([column, value]) =>
      column !== 'updated_at' && isChange(value) ? [`${column}: ${write(value.from)} → ${write(value.to)}`] : [],
    )
    .join(', ');
}

function isChange(value: unknown): value is { from: unknown; to: unknown } {
  return typeof value === 'object' && value !== null && 'to' in value;
}

function write(value: unknown): string {
  if (value == null) return 'none';
  if (typeof value !== 'string') return JSON.stringify(value);
  return TIME.test(value) ? formatTime(new Date(value)) : value;
}
