// Commands to devices: asked for here, published by the platform.
import { call, firstRows } from '../session/rows.ts';

export interface DeviceCommand {
  id: string;
  payload: unknown;
  requested_at: string;
  /** When the broker had it; null with a null `error`: waiting. */
  sent_at: string | null;
  error: string | null;
}

/** The newest of a device. @throws ApiError, as below. */
export async function recentCommands(deviceId: string, most: number): Promise<DeviceCommand[]> {
  const { rows } = await firstRows<DeviceCommand>(
    (api) => api.from('device_commands').select('id,payload,requested_at,sent_at,error').eq('device_id', deviceId),
    ['requested_at.desc', 'id'],
    most,
  );
  return rows;
}

/** @param payload a JSON object. */
export async function sendCommand(deviceId: string, payload: object): Promise<void> {
  await call('send_command', { device_id: deviceId, payload });
}
