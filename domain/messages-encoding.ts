// How a payload is packed, by its MQTT 5 content type: JSON or CBOR, plain or in gzip.
import { gunzipSync } from 'node:zlib';
import { cborToJson, MOST_GROWTH } from './messages-cbor.ts';
import { MAX_PAYLOAD_BYTES } from './messages-limits.ts';
import { isRejection, type Rejection, reject } from './messages-reasons.ts';
import { SENML, UNREAD_SENML } from './messages-senml.ts';

/** `+gzip` is a registered suffix (RFC 8460, 6.2). */
const GZIP = /^application\/(x-)?gzip$|[/+](json|cbor)\+gzip$/;
/** `+cbor` is one, too (RFC 8949, 9.5). */
const CBOR = /[/+]cbor(\+gzip)?$/;
/** Items one after the other (RFC 8742): an array says the same. */
const CBOR_SEQUENCE = /[/+]cbor-seq(\+gzip)?$/;

/** A gzip member's header and trailer (RFC 1952, 2.3): nothing shorter is one. */
const SMALLEST_GZIP = 18;

/**
 * The payload's JSON text. What is not named as packed is taken for JSON: devices' content types are not to be relied on.
 * @param most largest size of the text in bytes; a larger one is refused before it is unpacked.
 */
export function unpack(payload: Buffer, contentType: string | undefined, most: number): Buffer | Rejection {
  if (contentType === undefined) return payload;
  const type = nameOf(contentType);
  if (CBOR_SEQUENCE.test(type)) return reject('unsupported-type', 'CBOR sequences are not read: send an array');
  if (UNREAD_SENML.test(type))
    return reject('unsupported-type', 'SenML is read as JSON only: send application/senml+json');
  const content = GZIP.test(type) ? gunzip(payload, most) : payload;
  return CBOR.test(type) && !isRejection(content) ? cborToJson(content, most) : content;
}

/** True when the content type says that the payload is a SenML pack in JSON. */
export const isSenml = (contentType: string | undefined) =>
  contentType !== undefined && SENML.test(nameOf(contentType));

/** Most bytes the payload can unpack to: a gzip that is larger than its trailer says is never unpacked. */
export function unpackedSize(payload: Buffer, contentType: string | undefined): number {
  if (contentType === undefined) return payload.length;
  const type = nameOf(contentType);
  const size = GZIP.test(type) ? claimedSize(payload) : payload.length;
  return CBOR.test(type) && size <= MAX_PAYLOAD_BYTES ? Math.min(size * MOST_GROWTH, MAX_PAYLOAD_BYTES) : size;
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
