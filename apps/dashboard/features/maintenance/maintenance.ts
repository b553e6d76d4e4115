// The maintenance that the platform's operator has announced.
import { type FunctionRow, oneRow } from '../session/rows.ts';

/** Why, and until when. */
export type Maintenance = FunctionRow<'maintenance'>;

/** Undefined when there is no maintenance now. Signed in or not. @throws ApiError. */
export function currentMaintenance(): Promise<Maintenance | undefined> {
  return oneRow((api) => api.rpc('maintenance'));
}
