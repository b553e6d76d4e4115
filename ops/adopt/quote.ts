// Quotes a word of a command in the report for a POSIX shell.

/** Quoted only where it must be. */
export function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return /["$`\\!]/.test(word) || !word.includes("'") ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`;
}
