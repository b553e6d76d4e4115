// A word of a command in the report, as a POSIX shell takes it.

/** Quoted only where it must be. */
export function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return /["$`\\!]/.test(word) || !word.includes("'") ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`;
}
