// The rules of `npm run lint:env`: how a line of an environment file must be written, and what its value must not be.
import { isUtf8 } from 'node:buffer';
import { weakness } from './secret.ts';

/** `line` counts from 1. No message holds a value. */
export interface Problem {
  line: number;
  key?: string;
  message: string;
}

interface Entry {
  line: number;
  key: string;
  value: string;
}

const SECRET =
  /(^|_)(PASSWORD|PASSWD|PASS|PASSPHRASE|SECRET|TOKEN|KEY|APIKEY|CREDENTIALS?|SALT|PEPPER)(_BASE64|_HEX)?$/;
const PUBLIC = /(^|_)(PUBLIC|PUBLISHABLE|ANON|SITE)_/;
const isSecret = (key: string) => SECRET.test(key) && !PUBLIC.test(key);

/** Settings that switch protection off: value, and what it does. */
const UNSAFE: readonly [key: RegExp, value: RegExp, what: string][] = [
  [/^NODE_TLS_REJECT_UNAUTHORIZED$/, /^0$/, 'accepts every certificate. Name the CA instead: NODE_EXTRA_CA_CERTS'],
  [/ALLOW_ANONYMOUS$/, /^(1|true|yes|on)$/i, 'lets everybody in. Set it to false'],
  [/(^|_)(TLS|SSL|VERIFY_TLS|TLS_VERIFY|SSL_VERIFY)$/, /^(0|false|no|off)$/i, 'switches TLS off. Set it to true'],
  [/INSECURE$|SKIP_VERIFY$|SKIP_TLS_VERIFY$/, /^(1|true|yes|on)$/i, 'switches the check of certificates off'],
  [/^PGSSLMODE$/, /^(disable|allow|prefer)$/, 'may send the password in plain text. Set it to verify-full'],
];

/** Problems of an environment file, in the order of its lines. @param bytes the whole file. */
export function lintEnv(bytes: Buffer): Problem[] {
  if (!isUtf8(bytes))
    return [{ line: 1, message: 'the file is not UTF-8. Save it as UTF-8 without a byte order mark' }];
  const text = bytes.toString();
  const problems: Problem[] = [];
  const entries: Entry[] = [];
  if (text.startsWith('\ufeff'))
    problems.push({ line: 1, message: 'the file starts with a byte order mark. Save it as UTF-8 without one' });
  for (const [index, content] of text
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    const read = readLine(content, index + 1);
    if (!read) continue;
    if ('message' in read) problems.push(read);
    else entries.push(read);
  }
  for (const [index, entry] of entries.entries()) {
    const message = problemOf(entry, entries.slice(0, index));
    if (message) problems.push({ line: entry.line, key: entry.key, message });
  }
  return problems.sort((a, b) => a.line - b.line);
}

/** An entry, a problem with how the line is written, or undefined for an empty line or a comment. */
function readLine(content: string, line: number): Entry | Problem | undefined {
  if (content.endsWith('\r'))
    return {
      line,
      message: 'ends with a carriage return, which becomes a part of the value. Save the file with Unix line ends',
    };
  if (/^\s*(#.*)?$/.test(content)) return undefined;
  const parts = /^(?:export\s+)?([^=\s]+)(\s*)=(\s*)(.*)$/.exec(content);
  if (!parts) return { line, message: 'is neither NAME=value nor a comment' };
  const [, key, before, after, raw] = parts as unknown as [string, string, string, string, string];
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key))
    return { line, message: 'the name may have letters, digits and underscores only' };
  if (before || (after && raw && !raw.startsWith('#')))
    return { line, key, message: 'has a space beside "=". Remove it' };
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u00a0]/u.test(raw)) {
    return { line, key, message: 'holds an invisible character. Type the value again' };
  }
  return readValue(raw, key, line);
}

function readValue(raw: string, key: string, line: number): Entry | Problem {
  const quote = raw[0];
  if (quote === '"' || quote === "'") {
    const end = raw.indexOf(quote, 1);
    if (end < 0) return { line, key, message: `has no closing ${quote}` };
    if (!/^\s*(#.*)?$/.test(raw.slice(end + 1))) return { line, key, message: `has text behind the closing ${quote}` };
    return { line, key, value: raw.slice(1, end) };
  }
  if (/[\u201c\u201d\u2018\u2019]/.test(raw)) return { line, key, message: 'has typographic quotes. Use " or \'' };
  const value = raw.replace(/(^|\s+)#.*$/, '').trimEnd();
  if (value !== raw && !raw.includes('#')) return { line, key, message: 'ends with a space. Remove it' };
  if (/\s/.test(value))
    return { line, key, message: 'has a space in its value: programs disagree on where it ends. Put it into quotes' };
  if (/["'`\\]/.test(value))
    return { line, key, message: 'has a quote or a backslash in its value: put the value into quotes' };
  return { line, key, value };
}

function problemOf({ key, value }: Entry, before: readonly Entry[]): string | undefined {
  const first = before.find((entry) => entry.key === key);
  if (first) return `is set on line ${first.line} already`;
  if (value === '') return undefined;
  const unsafe = UNSAFE.find(([keys, values]) => keys.test(key) && values.test(value));
  if (unsafe) return unsafe[2];
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return problemOfUrl(value, before);
  if (!isSecret(key)) return undefined;
  return wrongEncoding(key, value) ?? weakness(value, [key]) ?? repeated(value, before);
}

function problemOfUrl(value: string, before: readonly Entry[]): string | undefined {
  if (!URL.canParse(value) || /%(?![0-9a-f]{2})/i.test(value)) {
    return 'is not a valid URL. Characters such as @ : / % # in its password are written as %40 %3A %2F %25 %23';
  }
  const { protocol, hostname, username, password, searchParams } = new URL(value);
  const authority = /^[^/]+\/\/([^/?#]*)/.exec(value)?.[1] ?? '';
  if (authority.split('@').length > 2) return 'has an @ in its password. Write it as %40';
  const isLocal = /^(localhost|127\.|\[::1\])/.test(hostname) || !/[.:]/.test(hostname);
  if (/^(mqtt|ws|http|redis|amqp|ldap|ftp):$/.test(protocol) && !isLocal)
    return `sends everything in plain text. Use ${protocol.slice(0, -1)}s://`;
  if (/^(disable|allow|prefer|no-verify)$/.test(searchParams.get('sslmode') ?? '') && !isLocal) {
    return 'may send the password in plain text: set sslmode=verify-full';
  }
  if (password === '') return undefined;
  const plain = decodeURIComponent(password);
  return weakness(plain, [decodeURIComponent(username)]) ?? repeated(plain, before);
}

/** Keys whose name or use says how they are written. */
function wrongEncoding(key: string, value: string): string | undefined {
  if (/GATE_KEY$/.test(key) && !/^[0-9a-f]{32}$/.test(value)) {
    return 'must be 32 lower-case hexadecimal digits. Make them with: openssl rand -hex 16';
  }
  if (/_HEX$/.test(key) && !/^([0-9a-f]{2})+$/i.test(value))
    return 'must be hexadecimal digits, an even number of them';
  if (/_BASE64$/.test(key) && Buffer.from(value, 'base64').toString('base64') !== value) {
    return 'is not valid Base64, or lacks its "=" at the end';
  }
  if (/^-----BEGIN/.test(value) && !/-----END [A-Z ]+-----(\\n)?$/.test(value)) {
    return 'is only the first line of a PEM file. Name a file instead, or write its line breaks as \\n within quotes';
  }
  if (/[^\x20-\x7e]/.test(value)) return 'has a character beyond ASCII, which programs encode differently';
  return undefined;
}

function repeated(secret: string, before: readonly Entry[]): string | undefined {
  const twin = before.find(({ value }) => value === secret || decodedPassword(value) === secret);
  return twin && `is the secret of ${twin.key}, too. Anyone who learns one has both: make one for each`;
}

function decodedPassword(value: string): string | undefined {
  return URL.canParse(value) ? decodeURIComponent(new URL(value).password) || undefined : undefined;
}
