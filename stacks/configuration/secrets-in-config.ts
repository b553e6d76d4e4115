// Finds values in a stack file that look like secrets. The platform needs no secret there: the deployment makes them, Key Vault
// keeps them, identities read them.

// A number of tokens (questionsTokensDay) is not a token.
const SECRET_NAME =
  /secret|passw(or)?d|token(?!s(day|month)$)|credential|private_?key|api_?key|access_?key|connection_?string/i;

/** Forms that no public value has: PEM keys, JSON web tokens, URLs with a password, well-known key prefixes. */
const SECRET_VALUES = [
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+/,
  /:\/\/[^/\s:@]*:[^/\s@]+@/,
  /\b(sb_secret_|sbp_|ghp_|github_pat_)\w{8,}/,
  /\b(AccountKey|SharedAccessKey|sig)=[\w%+/=]{16,}/,
];

/** An encrypted value, as Pulumi writes it to a stack file. */
export function isEncrypted(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).join() === 'secure';
}

/** True if this entry holds a secret in plain text, or has the name of one. */
export function looksLikeSecret(name: string, value: unknown): boolean {
  if (isEncrypted(value)) return false;
  const content = typeof value === 'string' ? value : JSON.stringify(value);
  return SECRET_NAME.test(name) || SECRET_VALUES.some((form) => form.test(content ?? ''));
}
