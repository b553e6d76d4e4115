// Parses a security rule of azure-native into the packets that it matches.
import { at, isObject, type Known, UNKNOWN } from '../../known.ts';
import { ALL_ADDRESSES, NO_ADDRESSES, parsePrefix, unionOf } from './addresses.ts';
import { type Interval, type IntervalSet, union } from './intervals.ts';
import { ALL_PORTS, parsePortRange, parseProtocol } from './ports.ts';
import { ANYTHING_OR_NOTHING, type Bounds, exactly, INSIDE_NETWORK, sourceTag, tagBounds } from './service-tags.ts';

/** An inbound rule, ready for evaluation. */
export interface SecurityRule {
  name: string;
  /** 100 to 4096, lowest first; Azure's default rules start at 65000. */
  priority: number;
  access: 'Allow' | 'Deny';
  protocols: Interval;
  /** Without the addresses of the service tags. */
  source: Bounds;
  /** Service tags among the sources, in lower case. */
  sourceTags: string[];
  destination: Bounds;
  sourcePorts: IntervalSet;
  destinationPorts: IntervalSet;
}

/** A parsed rule: `inbound` is set only for an inbound rule with every field readable. */
export interface ParsedRule {
  name: string;
  direction?: 'Inbound' | 'Outbound';
  priority?: number;
  inbound?: SecurityRule;
  /** One sentence per field that is unknown or unreadable. Empty for an outbound rule. */
  problems: string[];
}

/** Collects the problems of one rule while its fields are read. */
class Fields {
  readonly problems: string[] = [];
  private readonly rule: Known;

  constructor(rule: Known) {
    this.rule = rule;
  }

  /** The text of a field whose value must be one of `choices`, in the case given there. */
  choice<T extends string>(field: string, choices: readonly T[]): T | undefined {
    const value = this.value(field);
    const choice = choices.find((option) => option.toLowerCase() === String(value).trim().toLowerCase());
    if (value === undefined) this.problems.push(`${field} is missing`);
    else if (value !== UNKNOWN && choice === undefined)
      this.problems.push(`${field} is not one of ${choices.join(', ')}`);
    return choice;
  }

  /** The field; records a problem when it is unknown. Null means absent, as Azure returns unset fields. */
  value(field: string): Exclude<Known, null> {
    const value = at(this.rule, field) ?? undefined;
    if (value === UNKNOWN) this.problems.push(`${field} is not known during preview`);
    return value;
  }

  /**
   * Reads a field that exists as a single value and as a list; both count if both are set. Problems name the field and not
   * its text, which may be a misplaced secret.
   * @param read returns undefined for an invalid text.
   * @param expected completes "<field> is not ...".
   */
  each<T>(single: string, plural: string, expected: string, read: (text: string) => T | undefined): T[] {
    const results: T[] = [];
    const take = (value: Known, field: string): void => {
      if (value === undefined || value === null || value === '') return;
      const result = typeof value === 'string' || typeof value === 'number' ? read(String(value)) : undefined;
      if (result !== undefined) results.push(result);
      else
        this.problems.push(value === UNKNOWN ? `${field} is not known during preview` : `${field} is not ${expected}`);
    };
    take(at(this.rule, single), single);
    const list = at(this.rule, plural);
    if (Array.isArray(list)) for (const [index, item] of list.entries()) take(item, `${plural}[${index}]`);
    else take(list, plural);
    return results;
  }

  /** True when the list has an entry; the entries themselves, resource ids, need not be known. */
  hasEntries(field: string): boolean {
    const value = this.value(field);
    return Array.isArray(value) && value.length > 0;
  }
}

function readPorts(fields: Fields, side: 'source' | 'destination'): IntervalSet {
  const before = fields.problems.length;
  const expected = 'a port, a range such as 8000-9000, or *';
  const ranges = fields.each(`${side}PortRange`, `${side}PortRanges`, expected, parsePortRange);
  return ranges.length === 0 && fields.problems.length === before ? ALL_PORTS : union(ranges);
}

function readAddresses(fields: Fields, side: 'source' | 'destination', tags: string[] = []): Bounds {
  const before = fields.problems.length;
  const expected = 'an address prefix, * or a service tag known to this policy';
  const parts = fields.each(`${side}AddressPrefix`, `${side}AddressPrefixes`, expected, (text) => {
    const prefix = text.trim() === '*' ? ALL_ADDRESSES : parsePrefix(text);
    if (prefix !== undefined) return exactly(prefix);
    const tag = side === 'source' ? sourceTag(text) : undefined;
    if (tag === undefined) return tagBounds(text, side);
    tags.push(tag);
    return exactly(NO_ADDRESSES);
  });
  if (fields.hasEntries(`${side}ApplicationSecurityGroups`)) {
    parts.push(side === 'source' ? INSIDE_NETWORK : ANYTHING_OR_NOTHING);
  }
  if (parts.length === 0 && fields.problems.length === before) return exactly(ALL_ADDRESSES);
  return { atMost: unionOf(parts.map((part) => part.atMost)), atLeast: unionOf(parts.map((part) => part.atLeast)) };
}

/**
 * Parses a rule. An absent address or port field is read as `*`: Azure refuses such a rule anyway, and the widest reading
 * hides nothing. Any other absent, unknown or unreadable field is a problem.
 * @param fallbackName used when the rule has no known name.
 */
export function parseRule(rule: Known, fallbackName: string): ParsedRule {
  if (rule === UNKNOWN) return { name: fallbackName, problems: ['the whole rule is not known during preview'] };
  if (!isObject(rule)) return { name: fallbackName, problems: ['the rule is not an object'] };
  const name = typeof rule.name === 'string' ? rule.name : fallbackName;
  const fields = new Fields(rule);
  const direction = fields.choice('direction', ['Inbound', 'Outbound']);
  if (rule.name === UNKNOWN && direction !== 'Outbound')
    fields.problems.push('name is not known during preview, and Azure keeps only one rule per name');
  const written = fields.value('priority');
  const priority = typeof written === 'number' && Number.isInteger(written) ? written : undefined;
  if (direction === 'Outbound') return { name, direction, priority, problems: [] };
  if (written !== UNKNOWN && (priority === undefined || priority < 100 || priority > 4096)) {
    fields.problems.push('priority is not an integer from 100 to 4096');
  }

  const access = fields.choice('access', ['Allow', 'Deny']);
  const protocolText = fields.choice('protocol', ['*', 'Tcp', 'Udp', 'Icmp', 'Esp', 'Ah']);
  const protocols = protocolText === undefined ? undefined : parseProtocol(protocolText);
  const sourceTags: string[] = [];
  const matches = {
    source: readAddresses(fields, 'source', sourceTags),
    sourceTags,
    destination: readAddresses(fields, 'destination'),
    sourcePorts: readPorts(fields, 'source'),
    destinationPorts: readPorts(fields, 'destination'),
  };
  const complete = fields.problems.length === 0 && access !== undefined && protocols !== undefined;
  if (!complete || priority === undefined) return { name, direction, priority, problems: fields.problems };
  return { name, direction, priority, problems: [], inbound: { name, priority, access, protocols, ...matches } };
}

const ANY = {
  sourceTags: [],
  destination: exactly(ALL_ADDRESSES),
  sourcePorts: ALL_PORTS,
  destinationPorts: ALL_PORTS,
};
const EVERY_PROTOCOL = parseProtocol('*')!;

/** The default inbound rules at the end of every group (Microsoft Learn, "Network security groups", default security rules). */
export const DEFAULT_RULES: readonly SecurityRule[] = [
  {
    ...ANY,
    name: 'AllowVnetInBound',
    priority: 65000,
    access: 'Allow',
    protocols: EVERY_PROTOCOL,
    source: INSIDE_NETWORK,
  },
  {
    ...ANY,
    name: 'AllowAzureLoadBalancerInBound',
    priority: 65001,
    access: 'Allow',
    protocols: EVERY_PROTOCOL,
    source: tagBounds('AzureLoadBalancer', 'source')!,
  },
  {
    ...ANY,
    name: 'DenyAllInBound',
    priority: 65500,
    access: 'Deny',
    protocols: EVERY_PROTOCOL,
    source: exactly(ALL_ADDRESSES),
  },
];
