// The administrator's public key, in OpenSSH's one-line format.
import { addProblem, text } from './fields.ts';

const LEAST_RSA_BITS = 2048;

/** A public key Azure accepts for a Linux machine: `ssh-ed25519`, or `ssh-rsa` of at least 2048 bits. */
export const sshPublicKey = text.superRefine((value, context) => {
  const problem = judge(value);
  // Does not repeat the value: it may be a private key.
  if (problem) addProblem(context, problem);
});

function judge(line: string): string | undefined {
  if (line.includes('PRIVATE KEY')) return 'is a private key: give the .pub file, and treat this private key as leaked';
  const [type = '', encoded = ''] = line.split(/\s+/);
  if (type !== 'ssh-ed25519' && type !== 'ssh-rsa') return 'is not an ssh-ed25519 or ssh-rsa public key';
  const fields = readFields(Buffer.from(encoded, 'base64'));
  if (fields[0]?.toString() !== type) return 'is damaged: the key is not of the type that its first word names';
  if (type === 'ssh-ed25519') return fields[1]?.length === 32 ? undefined : 'is damaged: an ed25519 key has 32 bytes';
  // The modulus has a leading zero byte, because its first bit is set (RFC 4251, mpint).
  const bits = ((fields[2]?.length ?? 1) - 1) * 8;
  return bits >= LEAST_RSA_BITS ? undefined : `is an RSA key of ${bits} bits; Azure wants at least ${LEAST_RSA_BITS}`;
}

/** The length-prefixed fields of a key (RFC 4253, section 6.6); empty if the key is cut off. */
function readFields(key: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  let offset = 0;
  while (offset + 4 <= key.length) {
    const end = offset + 4 + key.readUInt32BE(offset);
    if (end > key.length) return [];
    fields.push(key.subarray(offset + 4, end));
    offset = end;
  }
  return fields;
}
