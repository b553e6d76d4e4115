// Commands to devices: asked for here, published by the platform.
import { rest } from '../session/clients.ts';
import { unwrap } from '../session/errors.ts';

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
  return unwrap(
    await (await rest())
      .from('device_commands')
      .select('id,payload,requested_at,sent_at,error')
      .eq('device_id', deviceId)
      .order('requested_at', { ascending: false })
      .limit(most),
  );
}

/** @param payload a JSON object. */
export async function sendCommand(deviceId: string, payload: object): Promise<void> {
  unwrap(await (await rest()).rpc('send_command', { device_id: deviceId, payload }));
}
