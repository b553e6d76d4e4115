// An entry of the audit log in words.
import type { AuditEntry } from './audit.ts';

/** `device_key.created` becomes `Device key created`. */
export function describeAction(action: string): string {
  const words = action.replace(/[._]/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a change changed: `enabled: true → false`. Empty when the entry names no change. */
export function describeChanges(details: AuditEntry['details']): string {
  return Object.entries(details)
    .flatMap(([column, value]) => (isChange(value) ? [`${column}: ${write(value.from)} → ${write(value.to)}`] : []))
    .join(', ');
}

function isChange(value: unknown): value is { from: unknown; to: unknown } {
  return typeof value === 'object' && value !== null && 'to' in value;
}

const write = (value: unknown) => (typeof value === 'string' ? value : value == null ? 'none' : JSON.stringify(value));
