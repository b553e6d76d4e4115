// YAML as the Pulumi CLI reads it with Go's yaml.v3 (resolve.go): an unquoted date is a time, 0123 is octal, 1_000 is a
// thousand, `yes` is a string. Pulumi then formats a time as Go prints it (sdk/go/common/resource/config/object.go in pulumi/pulumi).
import { parseDocument, type Scalar, visit } from 'yaml';

const WORDS = new Map<string, null | boolean>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);
const NO_JSON = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;
const TIME = /^(\d{4})-(\d\d?)-(\d\d?)(?:([Tt ])(\d\d?):(\d\d?):(\d\d?)(\.\d+)?(Z|[-+]\d\d:\d\d)?)?$/;
const INTEGER = /^([-+]?)(?:0[xX]([\da-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9]\d*))$/;
const FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;
const STANDARD_TAG = 'tag:yaml.org,2002:';

/** The document as plain values; an integer that a number cannot represent exactly is a bigint. @throws Error when it is invalid. */
export function parseGoYaml(text: string): unknown {
  const document = parseDocument(text.replace(/^\uFEFF/, ''), { schema: 'failsafe', merge: true });
  if (document.errors[0]) throw document.errors[0];
  visit(document, {
    Scalar(position, node) {
      // A merge key, `<<`, is not a string.
      if (typeof node.value === 'symbol') return;
      const value = read(node);
      node.value = position === 'key' ? String(value) : value;
    },
  });
  return document.toJS();
}

function read({ value, source = '', type, tag }: Scalar): unknown {
  if (tag === `${STANDARD_TAG}binary`) return String(value);
  const isText = tag ? !tag.startsWith(STANDARD_TAG) || tag === `${STANDARD_TAG}str` : type !== 'PLAIN';
  return isText ? value : resolve(source);
}

function resolve(text: string): unknown {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (NO_JSON.test(text)) throw new Error(`${text} is a number that JSON cannot represent; quote it`);
  if (!/^[-+.\d]/.test(text)) return text;
  const digits = text.replaceAll('_', '');
  return time(text) ?? integer(digits) ?? float(digits) ?? text;
}

/** As Go prints it: 2027-11-30 10:20:30.5 +0200 +0200. */
function time(text: string): string | undefined {
  const [found, year, month, day, mark, hour = '0', minute = '0', second = '0', fraction = '', zone] =
    TIME.exec(text) ?? [];
  // There is a zone after a T, and none after a space.
  if (!found || (mark && (mark === ' ') === (zone !== undefined))) return undefined;
  const two = (part = '') => part.padStart(2, '0');
  const written = `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`;
  const moment = new Date(`${written.replace(' ', 'T')}Z`);
  // Rejects 30 February and hour 25.
  if (Number.isNaN(moment.getTime()) || moment.getUTCDate() !== Number(day) || Number(hour) > 23) return undefined;
  const offset = zone?.replace(':', '') ?? 'Z';
  const place = offset === 'Z' || /0000$/.test(offset) ? '+0000 UTC' : `${offset} ${offset}`;
  return `${written}${fraction.replace(/\.?0*$/, '')} ${place}`;
}

/** Signed 64-bit, or unsigned 64-bit above that. */
function integer(digits: string): number | bigint | undefined {
  const [found, sign, hex, binary, octal, decimal] = INTEGER.exec(digits) ?? [];
  if (!found) return undefined;
  const size = BigInt(hex ? `0x${hex}` : binary ? `0b${binary}` : octal ? `0o${octal}` : (decimal ?? 0));
  const value = sign === '-' ? -size : size;
  if (value < -(2n ** 63n) || value >= (sign ? 2n ** 63n : 2n ** 64n)) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function float(digits: string): number | undefined {
  const value = FLOAT.test(digits) ? Number(digits) : Infinity;
  return Number.isFinite(value) ? value : undefined;
}
