// How a payload is packed, by its MQTT 5 content type: plain JSON, or JSON in gzip.
import { gunzipSync } from 'node:zlib';
import { type Rejection, reject } from './messages-reasons.ts';

/** `+gzip` is a registered suffix (RFC 8460, 6.2). */
const GZIP = new Set(['application/gzip', 'application/x-gzip', 'application/json+gzip']);
const CBOR = /[/+]cbor(-seq)?(\+gzip)?$/;

/** A gzip member's header and trailer (RFC 1952, 2.3): nothing shorter is one. */
const SMALLEST_GZIP = 18;

/**
 * The payload's JSON text. What is not named as packed is taken for JSON: devices' content types are not to be relied on.
 * @param most largest size of the text in bytes; a larger one is refused before it is unpacked.
 */
export function unpack(payload: Buffer, contentType: string | undefined, most: number): Buffer | Rejection {
  if (contentType === undefined) return payload;
  const type = nameOf(contentType);
  if (GZIP.has(type)) return gunzip(payload, most);
  if (CBOR.test(type)) return reject('unsupported-type', 'CBOR is not read: send JSON, in gzip where size matters');
  return payload;
}

/** Bytes the payload says it unpacks to: a bound, because more than that is never unpacked. */
export function unpackedSize(payload: Buffer, contentType: string | undefined): number {
  return contentType !== undefined && GZIP.has(nameOf(contentType)) ? claimedSize(payload) : payload.length;
}

// The trailer's size of the unpacked text decides before anything is unpacked, and bounds what is: a bomb that tells the
// truth is refused by it, one that lies is stopped at it.
function gunzip(payload: Buffer, most: number): Buffer | Rejection {
  const size = claimedSize(payload);
  if (!isPlausible(payload, size)) return damaged();
  if (size > most) return reject('too-large', `the gzip unpacks to more than the ${most} bytes that are stored`);
  try {
    return gunzipSync(payload, { maxOutputLength: Math.max(size, 1) });
  } catch {
    return damaged();
  }
}

const damaged = () =>
  reject('not-gzip', 'the content type says gzip; the payload is not one whole, undamaged gzip member');

/** Begins as gzip does, and claims no more than deflate can do (https://zlib.net/zlib_tech.html: 1032 to 1). */
function isPlausible(payload: Buffer, size: number): boolean {
  return payload[0] === 0x1f && payload[1] === 0x8b && size <= payload.length * 1032;
}

/** ISIZE (RFC 1952, 2.3.1), modulo 2^32. */
function claimedSize(payload: Buffer): number {
  return payload.length < SMALLEST_GZIP ? 0 : payload.readUInt32LE(payload.length - 4);
}

/** A media type without its parameters. */
const nameOf = (contentType: string) => (contentType.split(';', 1)[0] as string).trim().toLowerCase();
