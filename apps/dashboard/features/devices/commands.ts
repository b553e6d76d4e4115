// Commands to devices: requested here, published by the platform.
import { type Api, call, firstRows, type RowOf } from '../session/rows.ts';

/**
 * `state`: waiting, sent, acknowledged, expired or failed. While it waits, `handed_at` says that the broker has it for the device, which has
 * not been heard since. `repeats`: the device acknowledges, and gets it again until it does.
 */
const commands = (api: Api) =>
  api.from('device_commands').select('id,payload,requested_at,expires_at,state,handed_at,tries,repeats,result,error');
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
