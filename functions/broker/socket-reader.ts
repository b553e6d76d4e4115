// Reads a socket, gathering what comes within one turn of the event loop. Mosquitto sends every packet in a TLS record of its
// own; as a stream, Node would make a buffer, an event and a turn of its queues for each, which takes as much time as reading
// the messages.
import type { OnReadOpts } from 'node:net';

/** More than a TLS record holds (RFC 8446, 5.1: 16 KiB), and what libuv asks a plain socket for. */
const READ_BYTES = 64 * 1024;
/** Memory is taken in pieces of this size; the messages in it are views, and keep it as long as they are held. */
const PIECE_BYTES = 256 * 1024;

/** What is received, on its way to whom it concerns. */
export interface SocketReader {
  /** For `net.connect` and `tls.connect`. */
  onread: OnReadOpts;
  /** Passes on what has arrived. It does so by itself once per turn of the event loop; call it when the socket closes. */
  flush(): void;
}

/** @param onBytes gets bytes that nobody writes to again. */
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
