// Why a message is not stored: a closed list, shown to tenants and counted by operators.

/** The reasons of dead letters; docs/ingest.md explains each. */
export const REJECTION_REASONS = [
  'empty',
  'too-large',
  'unsupported-type',
  'not-gzip',
  'not-cbor',
  'not-utf8',
  'not-json',
  'not-an-object',
  'too-many-readings',
  'too-deep',
  'nul-character',
  'lone-surrogate',
  'number-out-of-range',
  'bad-senml',
  'bad-id',
  'bad-timestamp',
  'timestamp-out-of-range',
  'wrong-topic',
  'bad-topic',
  'unknown-tenant',
  'unknown-device',
  'database-rejected',
] as const;

export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** A message that is not stored, with a sentence that helps its sender; it never quotes the payload. */
export interface Rejection {
  reason: RejectionReason;
  detail: string;
}

export const reject = (reason: RejectionReason, detail: string): Rejection => ({ reason, detail });

/** True when a message, or a part of it, was refused. */
export function isRejection<T extends object>(result: T | Rejection): result is Rejection {
  return 'reason' in result;
}
