// A dead letter's bytes as something a person can read.

export interface ShownPayload {
  text: string;
  bytes: number;
  /** `hex` when the bytes are not UTF-8. */
  form: 'text' | 'hex';
}

/** @param bytea `\x` and hexadecimal digits. */
export function showPayload(bytea: string): ShownPayload {
  const hex = bytea.replace(/^\\x/, '');
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { text: indented(text), bytes: bytes.length, form: 'text' };
  } catch {
    return { text: hex.match(/.{1,32}/g)?.join('\n') ?? '', bytes: bytes.length, form: 'hex' };
  }
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
