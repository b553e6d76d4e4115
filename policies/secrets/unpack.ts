// Unpacks boot data: base64, gzip, MIME multipart and cloud-config files, nested in any order.
import { isUtf8 } from 'node:buffer';
import { gunzipSync } from 'node:zlib';

/** Boot data is at most 64 KiB, so more than this is a decompression bomb. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Wrappers inside wrappers: base64, gzip, MIME, base64, gzip, base64 is six. */
const DEEPEST = 8;

/** Everything readable that was unpacked. */
export interface Unpacked {
  /** Each layer as text, the outermost first. */
  texts: string[];
  /** True when a layer could not be unpacked or exceeds the limits, so something may be hidden. */
  isIncomplete: boolean;
}

/** A line of at least 24 base64 characters and the base64-only lines that follow it, as MIME and YAML wrap it. */
const BASE64 =
  /(?:[A-Za-z0-9+/]{4}){6,}[A-Za-z0-9+/]*={0,2}(?:[ \t]*\r?\n[ \t]*[A-Za-z0-9+/]+={0,2}(?=[ \t]*(?:\r?\n|$)))*/g;

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Text has hardly any control characters; letters that only look like base64 decode to noise. */
function asText(bytes: Buffer): string | undefined {
  if (bytes.length === 0 || !isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the search is for control characters
  return /[\x00-\x08\x0e-\x1a]/.test(text) ? undefined : text;
}

/** Quoted-printable (RFC 2045): soft line breaks and =XX, which a MIME part can use to split a telltale word. */
function fromQuotedPrintable(text: string): string {
  return text
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Unpacks `text` recursively. */
export function unpack(text: string): Unpacked {
  const found: Unpacked = { texts: [], isIncomplete: false };
  let bytesLeft = MOST_BYTES;

  const open = (bytes: Buffer, depth: number): void => {
    if (depth > DEEPEST || bytes.length > bytesLeft) {
      found.isIncomplete = true;
      return;
    }
    bytesLeft -= bytes.length;
    if (isGzip(bytes)) {
      try {
        open(gunzipSync(bytes, { maxOutputLength: MOST_BYTES }), depth + 1);
      } catch {
        found.isIncomplete = true;
      }
      return;
    }
    const layer = asText(bytes);
    if (layer !== undefined) read(layer, depth);
  };

  const read = (layer: string, depth: number): void => {
    found.texts.push(layer);
    if (/^content-transfer-encoding:\s*quoted-printable/im.test(layer)) found.texts.push(fromQuotedPrintable(layer));
    const whole = layer.trim();
    if (/^[A-Za-z0-9+/\s]+={0,2}$/.test(whole) && whole.replace(/\s/g, '').length % 4 === 0) {
      open(Buffer.from(whole, 'base64'), depth + 1);
      return;
    }
    for (const [block] of layer.matchAll(BASE64)) open(Buffer.from(block, 'base64'), depth + 1);
  };

  read(text, 0);
  return found;
}
