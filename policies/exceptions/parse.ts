// Reads exceptions and refuses those that nobody answers for: without a reason, out of date, too wide, or for a rule that has none.
import type { Rule } from '../rule.ts';
import { type Exception, urnParts } from './exception.ts';
import { Exceptions } from './exceptions.ts';

/** In the configuration of a policy; the pack's file says in each entry which policy it is about. */
const FIELDS = ['urn', 'reason', 'expires'];

/** What is wrong with an entry's fields; undefined when it is an exception. */
function malformed(entry: unknown, known: readonly string[]): string | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return 'is no object';
  const extra = Object.keys(entry).filter((key) => !known.includes(key));
  if (extra.length > 0) return `has the unknown field ${extra.join(', ')}`;
  const fields = entry as Record<string, unknown>;
  const missing = known.filter((field) => typeof fields[field] !== 'string' || fields[field].trim() === '');
  return missing.length > 0 ? `has no ${missing.join(', no ')}` : undefined;
}

function isDate(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text)
  );
}

/** Why an exception from the rule is refused; undefined when it is in force. */
function refusal({ urn, expires }: Exception, rule: Rule, today: string): string | undefined {
  const parts = urnParts(urn);
  if (parts === undefined) return 'has a urn that is none: write it as `pulumi stack --show-urns` does';
  if (/\*./.test(parts.name) || parts.project.includes('*') || parts.type.includes('*') || /.\*|\*./.test(parts.stack))
    return 'has a * that stands neither for the stack nor at the end of the name';
  if (rule.enforcement === 'mandatory' && parts.name.endsWith('*'))
    return 'is for a mandatory policy and names no single resource';
  if (!isDate(expires)) return 'has an expires that is no date such as 2027-06-30';
  return expires < today ? `has expired on ${expires}` : undefined;
}

/** @param read gives an entry's exception, or says why it is refused. @param where for messages. */
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
 * The exceptions of the pack's own file that are in force, and the reasons why others are not. A text that cannot be read holds
 * none.
 * @param text JSON, a list of exceptions.
 * @param now the day to judge by is this moment's in UTC.
 */
export function parseExceptions(text: string, rules: readonly Rule[], now: Date): Exceptions {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return new Exceptions([], ['exceptions.json is no JSON, so no exception is in force.']);
  }
  if (!Array.isArray(list)) return new Exceptions([], ['exceptions.json is no list, so no exception is in force.']);
  return sift(list, 'exceptions.json', (entry) => {
    const problem = malformed(entry, ['policy', ...FIELDS]);
    if (problem !== undefined) return problem;
    const rule = rules.find(({ name }) => name === (entry as Exception).policy);
    if (rule === undefined) return 'names no policy of this pack';
    if (rule.severity === 'critical') return 'is for a critical policy, which has no exceptions';
    return refusal(entry as Exception, rule, dayOf(now)) ?? (entry as Exception);
  });
}

/**
 * The same for exceptions from one rule that the policy configuration grants. It may grant one from a critical rule: whoever
 * gives the configuration could switch the rule off, which nothing would date or name.
 */
export function parseGranted(list: unknown, rule: Rule, now: Date): Exceptions {
  const where = `${rule.name} in the policy configuration`;
  if (!Array.isArray(list)) return new Exceptions([], [`exceptions of ${where} is no list, so none is in force.`]);
  return sift(list, where, (entry) => {
    const problem = malformed(entry, FIELDS);
    if (problem !== undefined) return problem;
    const exception = { policy: rule.name, ...(entry as Omit<Exception, 'policy'>) };
    return refusal(exception, rule, dayOf(now)) ?? exception;
  });
}
