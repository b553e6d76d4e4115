// The maintenance that the platform's operator has announced, and whether the database takes writes.
import { call, type FunctionRow, oneRow } from '../session/rows.ts';

/** Why, and until when. */
export type Maintenance = FunctionRow<'maintenance'>;

/** Undefined when there is no maintenance now. Signed in or not. @throws ApiError. */
export function currentMaintenance(): Promise<Maintenance | undefined> {
  return oneRow((api) => api.rpc('maintenance'));
}

/** Whether the database takes no writes now. Signed in or not. @throws ApiError. */
export const isReadOnly = (): Promise<boolean> => call('read_only');
