// Cuts the broker's byte stream into MQTT control packets, and buffers at most one packet.
import { malformed } from './reason-codes.ts';

/** Bytes of one packet that are read; the rest is skipped. The broker's largest packet fits. */
export const MAX_PACKET_BYTES = 512 * 1024;

/** MQTT's length field has at most four bytes of seven bits (MQTT 5.0, 1.5.5). */
const MAX_LENGTH_SHIFT = 21;

/**
 * Receives one packet.
 * @param bytes holds it from `start` (its first header byte) to `end`; its variable header begins at `body`.
 * @param truncated true if bytes after `end` belonged to it and are skipped.
 */
export type PacketHandler = (bytes: Buffer, start: number, body: number, end: number, truncated: boolean) => void;

/** Makes a function that takes chunks as they arrive. @throws ProtocolError (from it) on a malformed length: then close. */
export function createFramer(onPacket: PacketHandler): (chunk: Buffer) => void {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let wanted = 0;
  let skip = 0;

  const hold = (rest: Buffer, atLeast: number) => {
    held = [rest];
    heldBytes = rest.length;
    wanted = atLeast;
  };

  return (received) => {
    let chunk = received;
    if (heldBytes > 0) {
      held.push(chunk);
      heldBytes += chunk.length;
      if (heldBytes < wanted) return;
      chunk = Buffer.concat(held, heldBytes);
      held = [];
      heldBytes = 0;
    }
    let at = Math.min(skip, chunk.length);
    skip -= at;
    while (at < chunk.length) {
      let body = at + 1;
      let length = 0;
      let shift = 0;
      let more = true;
      while (more) {
        if (body >= chunk.length) return hold(chunk.subarray(at), chunk.length - at + 1);
        const byte = chunk[body++] as number;
        // In four bytes at most, and in as few as possible [MQTT-1.5.5-1].
        if (shift > MAX_LENGTH_SHIFT || (byte === 0 && shift > 0)) throw malformed('sent a malformed length');
        length |= (byte & 0x7f) << shift;
        shift += 7;
        more = byte > 0x7f;
      }
      const end = body + length;
      const readable = Math.min(end, at + MAX_PACKET_BYTES);
      if (readable > chunk.length) return hold(chunk.subarray(at), readable - at);
      onPacket(chunk, at, body, readable, readable < end);
      at = Math.min(end, chunk.length);
      skip = end - at;
    }
  };
}
