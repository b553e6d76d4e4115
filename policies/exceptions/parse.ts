// Reads exceptions and refuses invalid ones: without a reason, expired, too broad, or for a rule that allows none.
import type { Rule } from '../rule.ts';
import { type Exception, urnParts } from './exception.ts';
import { Exceptions } from './exceptions.ts';

/** Fields in a policy's configuration. In the pack's file each entry also names its policy. */
const FIELDS = ['urn', 'reason', 'expires'];

/** What is wrong with an entry's fields; undefined when they are valid. */
function malformed(entry: unknown, known: readonly string[]): string | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return 'is not an object';
  const extra = Object.keys(entry).filter((key) => !known.includes(key));
  if (extra.length > 0) return `has the unknown field ${extra.join(', ')}`;
  const fields = entry as Record<string, unknown>;
  const missing = known.filter((field) => typeof fields[field] !== 'string' || fields[field].trim() === '');
  return missing.length > 0 ? `has no ${missing.join(' and no ')}` : undefined;
}

function isDate(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text)
  );
}

/** Why an exception to the rule is refused; undefined when it is in force. */
function refusal({ urn, expires }: Exception, rule: Rule, today: string): string | undefined {
  const parts = urnParts(urn);
  if (parts === undefined) return 'has an invalid urn: copy it from `pulumi stack --show-urns`';
  if (/\*./.test(parts.name) || parts.project.includes('*') || parts.type.includes('*') || /.\*|\*./.test(parts.stack))
    return 'has a * in the urn that neither replaces the stack nor ends the name';
  if (rule.enforcement === 'mandatory' && parts.name.endsWith('*'))
    return 'is for a mandatory policy and does not name a single resource';
  if (!isDate(expires)) return 'has an expires that is not a date such as 2027-06-30';
  return expires < today ? `expired on ${expires}` : undefined;
}

/** @param read returns the entry's exception, or why it is refused. @param where names the list in messages. */
function sift(list: unknown[], where: string, read: (entry: unknown) => Exception | string): Exceptions {
  const inForce: Exception[] = [];
  const problems: string[] = [];
  for (const [index, entry] of list.entries()) {
    const outcome = read(entry);
    if (typeof outcome === 'string') problems.push(`Exception ${index + 1} of ${where} ${outcome}.`);
    else inForce.push(outcome);
  }
  return new Exceptions(inForce, problems);
}

const dayOf = (now: Date) => now.toISOString().slice(0, 10);

/**
 * The exceptions of the pack's own file that are in force, and the reasons why others are refused. An unreadable file grants
 * none.
 * @param text JSON, a list of exceptions.
 * @param now decides which exceptions have expired, by its date in UTC.
 */
export function parseExceptions(text: string, rules: readonly Rule[], now: Date): Exceptions {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return new Exceptions([], ['exceptions.json is not valid JSON, so no exception is in force.']);
  }
  if (!Array.isArray(list)) return new Exceptions([], ['exceptions.json is not a list, so no exception is in force.']);
  return sift(list, 'exceptions.json', (entry) => {
    const problem = malformed(entry, ['policy', ...FIELDS]);
    if (problem !== undefined) return problem;
    const rule = rules.find(({ name }) => name === (entry as Exception).policy);
    if (rule === undefined) return 'does not name a policy of this pack';
    if (rule.severity === 'critical') return 'is for a critical policy, which allows no exceptions in this file';
    return refusal(entry as Exception, rule, dayOf(now)) ?? (entry as Exception);
  });
}

/**
 * The same for exceptions in the policy configuration of one rule. They may be for a critical rule: the configuration can also
 * disable the rule, which would have no expiry date and appear in no report.
 */
export function parseGranted(list: unknown, rule: Rule, now: Date): Exceptions {
  const where = `${rule.name} in the policy configuration`;
  if (!Array.isArray(list)) return new Exceptions([], [`exceptions of ${where} is not a list, so none is in force.`]);
  return sift(list, where, (entry) => {
    const problem = malformed(entry, FIELDS);
    if (problem !== undefined) return problem;
    const exception = { policy: rule.name, ...(entry as Omit<Exception, 'policy'>) };
    return refusal(exception, rule, dayOf(now)) ?? exception;
  });
}
