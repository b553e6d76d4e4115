// Recognises secrets by their format. A finding names the kind of secret and never shows it.
import { unpack } from './unpack.ts';

/**
 * A format that only secrets have. Repetitions that can start anywhere are bounded, because boot data may be crafted to make the
 * search slow.
 */
interface Detector {
  kind: string;
  pattern: RegExp;
}

const DETECTORS: Detector[] = [
  { kind: 'a private key', pattern: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/ },
  { kind: 'an age secret key', pattern: /AGE-SECRET-KEY-1[0-9A-Z]{20,}/ },
  {
    kind: 'a URL with a password in it',
    pattern: /\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/?#@'"]*:(?![$<{%])[^\s/?#@'"]{3,}@[\w[.-]/i,
  },
  { kind: 'a storage account key', pattern: /\bAccountKey\s*=\s*(?![$<{@])[A-Za-z0-9+/]{16,}/i },
  { kind: 'a shared access key', pattern: /\bSharedAccess(?:Key|Signature)\s*=\s*(?![$<{@])[^\s;"']{8,}/i },
  { kind: 'a shared access signature', pattern: /[?&;]sig=(?![$<{])[A-Za-z0-9%+/_-]{16,}/i },
  { kind: 'a Supabase secret key', pattern: /\bsb_secret_[A-Za-z0-9_-]{6,}/ },
  { kind: 'a JSON web token', pattern: /\beyJ[A-Za-z0-9_-]{6,}\.eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{8,}/ },
  { kind: 'a Microsoft Entra client secret', pattern: /\b[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,}/ },
  { kind: 'a GitHub token', pattern: /\b(?:gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})/ },
  { kind: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/ },
  { kind: 'a Slack token', pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/ },
  {
    kind: 'an Authorization header',
    pattern: /\bAuthorization\b["']?\s*[:=]\s*["']?(?:Basic|Bearer)\s+(?![$<{])[A-Za-z0-9+/=._~-]{8,}/i,
  },
  {
    kind: 'a password for chpasswd',
    pattern: /["'][\w-]+:(?![$<{])[^"'\s]{4,}["']?\s*\|\s*(?:sudo\s+)?chpasswd\b/,
  },
  {
    kind: 'a password for chpasswd',
    pattern: /\bchpasswd\s*:[\s\S]{0,200}?\blist\s*:\s*\|?-?\s*\n\s+(?:-\s*)?[\w-]+:(?!R\s|RANDOM\b)\S{3,}/,
  },
  {
    kind: 'a password on a command line',
    pattern: /\bmosquitto_passwd\b[^\n|;]{0,300}\s-b\s+\S+\s+\S+\s+["']?(?![$<{])[^\s"']{3,}/,
  },
  {
    kind: 'a password on a command line',
    pattern: /\bcurl\b[^\n|;]{0,300}\s(?:-u|--user)\s+["']?[^\s:"'$]+:(?![$<{])[^\s"']{3,}/,
  },
  {
    kind: 'a password on a command line',
    pattern: /\s--(?:password|token|secret|api-key)[ \t]+["']?(?![$<{/-])[^\s"']{4,}/,
  },
  {
    kind: 'a password hash',
    pattern: /\$(?:1|2[abxy]|5|6|7|y|gy|argon2(?:i|d|id)|scrypt)\$[^\s"'$]*\$?[A-Za-z0-9./+=,$]{16,}/,
  },
];

/** `key: value` and `key=value` where the key suggests a secret: the key, the separator and the value. */
const ASSIGNMENT =
  /(?:^|[\s"'{,;&?(-])((?:[\w.-]{0,80}(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|client[_-]?key|credentials?)))["']?[ \t]*([:=])[ \t]*("[^"\n]*"|'[^'\n]*'|[^\s,;&}"')]+)/gi;

/** Values that are not secrets: variables, placeholders, references, paths and keywords. */
const NO_SECRET =
  /^(?:\$|<|\{|%|@Microsoft\.KeyVault\(|\/[\w./-]*$|\.\.?\/|[a-z]+:\/\/[^@]*$|(?:true|false|yes|no|on|off|null|none|auto|required|optional|disabled|enabled|prohibit-password|await|new|\*+|x+|!|\||>|\d{1,5})[-+]?$)/i;
/** A file name, where a secret is mapped to the file that will contain it. */
const FILE_NAME = /^[\w-]+\.(?:password|passwd|secret|token|key|crt|pem|txt|conf|json|ya?ml|env)$/;
/** Source code: a call, an index or an attribute. */
const EXPRESSION = /^[A-Za-z_]\w*(?:[([]|\.\w+(?:[.([]|$))/;

function isLiteral(key: string, separator: string, value: string): boolean {
  const bare = value.replace(/^["']|["']$/g, '').trim();
  if (bare.length < 4 || NO_SECRET.test(bare) || FILE_NAME.test(bare)) return false;
  const isQuoted = bare.length < value.length;
  // `password=password` passes a variable; only `=` does that.
  return isQuoted || !(EXPRESSION.test(bare) || (separator === '=' && bare === key));
}

function holdsLiteral(text: string): boolean {
  return [...text.matchAll(ASSIGNMENT)].some(([, key, separator, value]) => isLiteral(key!, separator!, value!));
}

/** The kinds of secret in one text, without unpacking it. */
export function secretsIn(text: string): string[] {
  const kinds = DETECTORS.filter(({ pattern }) => pattern.test(text)).map(({ kind }) => kind);
  return holdsLiteral(text) ? [...kinds, 'a password or token written as a setting'] : kinds;
}

/** The kinds of secret in a text and in everything unpacked from it; data that cannot be unpacked counts as a secret. */
export function secretsAnywhereIn(text: string): string[] {
  const { texts, isIncomplete } = unpack(text);
  const kinds = new Set(texts.flatMap(secretsIn));
  if (isIncomplete) kinds.add('packed data that cannot be read');
  return [...kinds];
}
