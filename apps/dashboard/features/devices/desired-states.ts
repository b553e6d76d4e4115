// What is desired of a device, and what it reports.
import { type Api, call, oneRow, type RowOf } from '../session/rows.ts';

/** `delta`: the members of `desired` that the device does not report so. `published_version`: what the broker keeps for the device. */
const states = (api: Api) =>
  api.from('device_state').select('desired,desired_version,desired_at,published_version,reported,reported_at,delta');
export type DesiredState = RowOf<typeof states>;

/** Undefined when nothing was ever desired of the device or reported by it. @throws ApiError, as below. */
export function findDesiredState(deviceId: string): Promise<DesiredState | undefined> {
  return oneRow((api) => states(api).eq('device_id', deviceId));
}

/** @param desired a JSON object, whole; null: nothing is desired any more. */
export async function setDesiredState(deviceId: string, desired: object | null): Promise<void> {
  await call('set_desired_state', { device_id: deviceId, desired });
}

/** A member of what is desired or reported, as JSON text. */
export interface Member {
  name: string;
  desired: string | undefined;
  reported: string | undefined;
  /** It is desired, and not reported so. */
  differs: boolean;
}

/** All members, the different ones first. */
export function membersOf({
  desired,
  reported,
  delta,
}: Pick<DesiredState, 'desired' | 'reported' | 'delta'>): Member[] {
  const [wanted, said, open] = [desired, reported, delta].map((value) => (value ?? {}) as Record<string, unknown>);
  const names = [...new Set([...Object.keys(wanted!), ...Object.keys(said!)])];
  const text = (of: Record<string, unknown>, name: string) => (name in of ? JSON.stringify(of[name]) : undefined);
  return names
    .map((name) => ({ name, desired: text(wanted!, name), reported: text(said!, name), differs: name in open! }))
    .sort((one, other) => Number(other.differs) - Number(one.differs) || (one.name < other.name ? -1 : 1));
}
