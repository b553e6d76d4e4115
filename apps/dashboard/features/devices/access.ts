// What a device needs to connect, and its QR code.
import { deviceUsername } from '../../../../domain/identifiers.ts';
import { devicePrefix, telemetryTopic } from '../../../../domain/topics.ts';

/** What a device connects with. */
export interface DeviceAccess {
  username: string;
  key: string;
  topic: string;
  /** What all of its topics begin with. */
  prefix: string;
  host: string;
  port: number;
  /** The broker's certificate is from a private CA, which /api/ca.pem serves. */
  hasPrivateCa: boolean;
}

export interface Place {
  host: string;
  port: number;
  hasPrivateCa: boolean;
}

export const accessFor = (tenant: string, device: string, key: string, place: Place): DeviceAccess => ({
  username: deviceUsername(tenant, device),
  key,
  topic: telemetryTopic(tenant, device),
  prefix: devicePrefix(tenant, device),
  ...place,
});

/** What the QR code holds: all a device needs, for a set-up program that scans it. */
export const qrText = ({ host, port, username, key, topic }: DeviceAccess): string =>
  JSON.stringify({ url: `mqtts://${host}:${port}`, username, password: key, topic });
