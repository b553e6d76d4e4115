// Reads exceptions and refuses those that nobody answers for: without a reason, out of date, too wide, or for a rule that has none.
import type { Rule } from '../rule.ts';
import { type Exception, urnParts } from './exception.ts';
import { Exceptions } from './exceptions.ts';

const FIELDS = ['policy', 'urn', 'reason', 'expires'] as const;

/** What is wrong with an entry's fields; undefined when it is an exception. */
function malformed(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return 'is no object';
  const extra = Object.keys(entry).filter((key) => !(FIELDS as readonly string[]).includes(key));
  if (extra.length > 0) return `has the unknown field ${extra.join(', ')}`;
  const fields = entry as Record<string, unknown>;
  const missing = FIELDS.filter((field) => typeof fields[field] !== 'string' || fields[field].trim() === '');
  return missing.length > 0 ? `has no ${missing.join(', no ')}` : undefined;
}

function isDate(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text)
  );
}

/** Why an exception is refused; undefined when it is in force. */
function refusal({ policy, urn, expires }: Exception, rules: readonly Rule[], today: string): string | undefined {
  const rule = rules.find(({ name }) => name === policy);
  if (rule === undefined) return 'names no policy of this pack';
  if (rule.severity === 'critical') return 'is for a critical policy, which has no exceptions';
  const parts = urnParts(urn);
  if (parts === undefined) return 'has a urn that is none: write it as `pulumi stack --show-urns` does';
  if (/\*./.test(parts.name) || parts.project.includes('*') || parts.type.includes('*') || /.\*|\*./.test(parts.stack))
    return 'has a * that stands neither for the stack nor at the end of the name';
  if (rule.enforcement === 'mandatory' && parts.name.endsWith('*'))
    return 'is for a mandatory policy and names no single resource';
  if (!isDate(expires)) return 'has an expires that is no date such as 2027-06-30';
  return expires < today ? `has expired on ${expires}` : undefined;
}

/**
 * The exceptions in force and the reasons why others are not. A text that cannot be read holds none.
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
  const today = now.toISOString().slice(0, 10);
  const inForce: Exception[] = [];
  const problems: string[] = [];
  for (const [index, entry] of list.entries()) {
    const problem = malformed(entry) ?? refusal(entry as Exception, rules, today);
    if (problem === undefined) inForce.push(entry as Exception);
    else problems.push(`Exception ${index + 1} of exceptions.json ${problem}.`);
  }
  return new Exceptions(inForce, problems);
}
