// The readings that benchmarks publish, from several devices: JSON with an id and the device's time, 136 bytes on average
// (128 to 149).
import { telemetryTopic } from '../../domain/topics.ts';

/** A device and what it publishes. */
export interface BenchDevice {
  tenant: string;
  device: string;
  topic: string;
}

/** Several, because rows of several devices go to several places of an index. */
export const DEVICES: readonly BenchDevice[] = Array.from({ length: 10 }, (_, index) => {
  const [tenant, device] = [index < 7 ? 'acme' : 'umbrella', `pump-${index}`];
  return { tenant, device, topic: telemetryTopic(tenant, device) };
});

/** The reading's text. @param ts the device's time, milliseconds since 1970. */
export function readingText(id: string, ts: number): string {
  // Digits that differ from reading to reading, as measurements do.
  const noise = (ts * 2654435761) % 1000;
  return (
    `{"id":"${id}","ts":${ts},"temperature":${20 + noise / 100},"humidity":${40 + (noise % 97) / 10},` +
    `"pressure":${1013 + (noise % 31) / 4},"battery":3.71,"rssi":-${60 + (noise % 30)},"state":"running"}`
  );
}

/** Id of a device's n-th reading. */
export const readingId = (index: number, number: number) => `${index}-${String(number).padStart(7, '0')}`;
