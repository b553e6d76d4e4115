// Finds what looks like a secret in a stack file. The platform needs none there: secrets are made during the deployment,
// kept in Key Vault and read by identities.

const SECRET_NAME = /secret|passw(or)?d|token|credential|private_?key|api_?key|access_?key|connection_?string/i;

/** Forms no public value has: keys in PEM, JSON web tokens, addresses with a password, well-known key prefixes. */
const SECRET_VALUES = [
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+/,
  /:\/\/[^/\s:@]*:[^/\s@]+@/,
  /\b(sb_secret_|sbp_|ghp_|github_pat_)\w{8,}/,
  /\b(AccountKey|SharedAccessKey|sig)=[\w%+/=]{16,}/,
];

/** A value of a stack file as Pulumi writes it encrypted. */
export function isEncrypted(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).join() === 'secure';
}

/** True when this entry holds, or by its name should hold, a secret in clear. */
export function looksLikeSecret(name: string, value: unknown): boolean {
  if (isEncrypted(value)) return false;
  const content = typeof value === 'string' ? value : JSON.stringify(value);
  return SECRET_NAME.test(name) || SECRET_VALUES.some((form) => form.test(content ?? ''));
}
