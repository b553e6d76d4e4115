// Whether a secret in an environment file could be guessed, or be known to others.
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';

/** Fewest characters of a secret. 16 random letters and digits have 95 bits. */
const SHORTEST = 16;
/** Guesses that a secret must withstand, as a power of ten: 10 thousand a second for 300 years. */
const LEAST_GUESSES = 14;

/** Words of which defaults and placeholders are made, and which a random value does not contain by chance. */
const TELLING =
  /(^|[^a-z])(admin|change|changeit|changeme|choose|default|demo|dummy|enter|example|fixme|foo|generate|here|insert|jwt|letmein|long|mysecret|none|null|pass|passwd|password|placeholder|please|replace|sample|secret|super|supersecret|tbd|test|testing|todo|token|undefined|value|xxx+|your)(?![a-z])/i;
/** Supabase's published demonstration keys, and every other JSON web token: it is signed with a secret that somebody has. */
const JSON_WEB_TOKEN = /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/;

const strength = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });

/** @param others what stands beside it, such as its user name. @returns what is wrong with a secret; undefined: nothing. */
export function weakness(secret: string, others: readonly string[] = []): string | undefined {
  if (/^<.*>$|^\$\{.*\}$|^\[.*\]$|^\{\{.*\}\}$/.test(secret)) {
    return 'is a placeholder. If nobody replaces it, everybody knows the secret. Leave the value empty';
  }
  if (JSON_WEB_TOKEN.test(secret))
    return 'is a signed token, which is valid wherever its key is. Leave the value empty';
  const telling = TELLING.exec(secret)?.[2];
  if (telling) return `contains "${telling.toLowerCase()}", like a default. ${MAKE_ONE}`;
  if (secret.length < SHORTEST)
    return `has ${secret.length} of the ${SHORTEST} characters that a secret needs. ${MAKE_ONE}`;
  const { guessesLog10 } = strength.check(secret.slice(0, 256), [...others]);
  if (guessesLog10 < LEAST_GUESSES) return `can be guessed: it repeats itself or is made of known words. ${MAKE_ONE}`;
  return undefined;
}

const MAKE_ONE = 'Make one with: openssl rand -hex 32';
