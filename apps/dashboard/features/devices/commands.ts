// Commands to devices: requested here, published by the platform.
import { type Api, call, firstRows, type RowOf } from '../session/rows.ts';

/** `sent_at`: when the broker had it; while it and `error` are null, the command waits. */
const commands = (api: Api) => api.from('device_commands').select('id,payload,requested_at,sent_at,error');
export type DeviceCommand = RowOf<typeof commands>;

/** The newest of a device. @throws ApiError, as below. */
export async function recentCommands(deviceId: string, most: number): Promise<DeviceCommand[]> {
  const newest = (api: Api) => commands(api).eq('device_id', deviceId);
  return (await firstRows(newest, ['requested_at.desc', 'id'], most)).rows;
}

/** @param payload a JSON object. */
export async function sendCommand(deviceId: string, payload: object): Promise<void> {
  await call('send_command', { device_id: deviceId, payload });
}
