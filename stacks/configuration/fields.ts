// The kinds of value in a stack file. Pulumi passes lists, numbers and booleans as text; each field takes both.
import { X509Certificate } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { MAIL_ADDRESS } from '../../domain/mail-address.ts';

/** Text of at least one character. */
export const text = z.string('is missing').trim().min(1, 'is empty');

/** `true` or `false`. */
export const flag = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  z.boolean('is neither true nor false'),
);

/** A whole number within limits. */
export function wholeNumber(least: number, most: number) {
  const wrong = `is not a whole number from ${least} to ${most}`;
  return z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value),
    z.int(wrong).min(least, wrong).max(most, wrong),
  );
}

/** A number within limits. */
export function number(least: number, most: number) {
  const wrong = `is not a number from ${least} to ${most}`;
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value),
    z.number(wrong).min(least, wrong).max(most, wrong),
  );
}

/** A certificate, PEM. */
export const certificate = text.refine(isCertificate, { error: 'is not a CA certificate in PEM form' });

function isCertificate(value: string): boolean {
  try {
    return new X509Certificate(value).ca;
  } catch {
    return false;
  }
}

/** A mail address. Only its server knows whether the mailbox exists. */
export const mailbox = text.regex(MAIL_ADDRESS, 'is not a mail address');

/** One of a list of names. */
export function oneOf<const T extends readonly [string, ...string[]]>(names: T) {
  return z.enum(names, {
    error: (issue) =>
      issue.input === undefined ? 'is missing' : `${quote(issue.input)} is not one of ${names.join(', ')}`,
  });
}

/** A list; as text it is JSON, which is how Pulumi passes lists to a program. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.preprocess(parseList, z.array(item, 'is missing').min(1, { error: 'is empty', abort: true }));
}

function parseList(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (!value.trimStart().startsWith('[')) return [value];
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** A DNS name of at least two labels, without a trailing dot. RFC 1123. */
export const hostName = text
  .toLowerCase()
  .max(253)
  .regex(/^(?=.*[a-z])([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$/, {
    error: (issue) => `${quote(issue.input)} is not a DNS name`,
  });

/** A private IPv4 range (RFC 1918) of `/least` to `/most`, with no host bits set. */
export function privateRange(least: number, most: number) {
  return text.superRefine((value, context) => {
    const refuse = (message: string) => addProblem(context, `${quote(value)} ${message}`);
    if (!ipaddr.IPv4.isValidCIDR(value)) return refuse('is not an IPv4 range such as 10.20.0.0/24');
    const [address, length] = ipaddr.IPv4.parseCIDR(value);
    if (address.range() !== 'private') return refuse('is not in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16');
    if (length < least || length > most) return refuse(`is not a /${least} to /${most}`);
    const network = ipaddr.IPv4.networkAddressFromCIDR(value);
    if (network.toString() !== address.toString())
      return refuse(`has host bits set; the range is ${network}/${length}`);
  });
}

/** Refuses a value; later rules do not see it. */
export function addProblem(context: z.RefinementCtx, message: string): void {
  context.addIssue({ code: 'custom', message, continue: false });
}

/** A value as an error shows it. */
export function quote(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
