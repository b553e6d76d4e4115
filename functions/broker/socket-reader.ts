// Reads a socket, and collects what arrives within one turn of the event loop. Mosquitto sends every packet in a TLS record of its own.
// Node's streams would make a buffer, an event and a turn of their queues for each, which takes as much time as reading the messages.
import type { OnReadOpts } from 'node:net';

/** More than a TLS record holds (RFC 8446, 5.1: 16 KiB), and the size that libuv requests from a plain socket. */
const READ_BYTES = 64 * 1024;
/** Memory is allocated in pieces of this size. Messages are views into them, and keep a piece as long as they are in use. */
const PIECE_BYTES = 256 * 1024;

/** Passes received bytes on. */
export interface SocketReader {
  /** For `net.connect` and `tls.connect`. */
  onread: OnReadOpts;
  /** Passes on what has arrived. It does so by itself once per turn of the event loop; call it when the socket closes. */
  flush(): void;
}

/** @param onBytes gets bytes that are never overwritten. */
export function createSocketReader(onBytes: (bytes: Buffer) => void): SocketReader {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  let piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  let from = 0;
  let to = 0;
  let scheduled = false;

  const flush = () => {
    if (from === to) return;
    const bytes = piece.subarray(from, to);
    from = to;
    onBytes(bytes);
  };
  const onTurn = () => {
    scheduled = false;
    flush();
  };
  const callback = (size: number) => {
    if (piece.length - to < size) {
      flush();
      piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
      from = 0;
      to = 0;
    }
    to += buffer.copy(piece, to, 0, size);
    if (!scheduled) {
      scheduled = true;
      setImmediate(onTurn);
    }
    return true;
  };
  return { onread: { buffer, callback }, flush };
}
