// What a rule is: everything that documentation, tests and @pulumi/policy need is declared here.
import type { PolicyConfigSchema } from '@pulumi/policy';
import { type Known, UNKNOWN } from './known.ts';
import type { Resource } from './resource.ts';

/** One thing that is wrong. */
export interface Finding {
  /** What is wrong and where, in one or two sentences. Never contains the value of a property that may be a secret. */
  message: string;
  /** How to fix this finding. Default: the rule's fix. */
  fix?: string;
  /** URN of the resource at fault. Default: the resource that is judged; for a stack rule, the stack. */
  urn?: string;
}

/** A rule's configuration, as given by `--policy-pack-config`. */
export type RuleConfig = Record<string, unknown>;

/** How a rule treats a property whose value it cannot judge. */
export interface Judged {
  /** The program does not set it, so Azure's default applies. */
  absent: 'violation' | 'accepted';
  /** The value is not known during preview. */
  unknown: 'violation' | 'accepted';
}

/** Must be set, to a value that is known during preview. */
export const REQUIRED: Judged = { absent: 'violation', unknown: 'violation' };
/** May be absent because the default is safe; a value must be known during preview. */
export const DEFAULT_IS_SAFE: Judged = { absent: 'accepted', unknown: 'violation' };
/** Must be set; the value is judged once the update knows it. */
export const SET_IS_ENOUGH: Judged = { absent: 'violation', unknown: 'accepted' };
/** Only a known value can be a violation: the rule is advisory, or another rule covers the rest. */
export const ONLY_KNOWN: Judged = { absent: 'accepted', unknown: 'accepted' };

/** Declared by every rule. */
interface Control {
  /** Identifier in the policy catalogue; never reused. */
  id: string;
  /** Name of the policy in configuration and output. */
  name: string;
  /** Hardening phase: 0 before the first deployment, 1 hardening, 2 maturity. */
  phase: 0 | 1 | 2;
  severity: 'critical' | 'high' | 'medium' | 'low';
  enforcement: 'mandatory' | 'advisory';
  /** What is required, in one or two sentences. */
  demand: string;
  /** Why it matters: what goes wrong otherwise. */
  reason: string;
  /** How to fix a violation, with the property or configuration key to set. */
  fix: string;
  /** Where it is documented: first a page, then benchmarks and the ids that other tools use. */
  sources: readonly [string, ...string[]];
  /**
   * The properties it judges, as `Type.path` with `[]` for every entry of a list. `WebApp.` includes `WebAppSlot.`.
   */
  properties: Readonly<Record<string, Judged>>;
  /** Accepted configuration. Default: none. */
  configSchema?: PolicyConfigSchema;
}

/** Judges one resource on its inputs, before it is created or changed. */
export interface ResourceRule extends Control {
  /** Undated type tokens the rule applies to; a token that ends with `:*` means all types of the package. */
  types: readonly string[];
  /** Values that correct a violation, by property, if Pulumi may write them; otherwise the reason why it may not. */
  remedy: Readonly<Record<string, unknown>> | string;
  check(resource: Resource, config: RuleConfig): Finding[];
  /** Remarks about the whole stack that are not violations; each line continues the rule's name. Default: none. */
  notes?(resources: Resource[], config: RuleConfig): string[];
}

/** Judges all resources of the stack together, by their inputs (inputs.ts), at the end of a preview or update. */
export interface StackRule extends Control {
  checkStack(resources: Resource[], config: RuleConfig): Finding[];
}

export type Rule = ResourceRule | StackRule;

/** True when the rule applies to resources of this undated type. */
export function isAbout(rule: ResourceRule, type: string): boolean {
  return rule.types.some((own) => own === type || (own.endsWith(':*') && type.startsWith(own.slice(0, -1))));
}

/**
 * The finding about a property whose value is wrong or not known.
 * @param wrong what a known value does, as the end of a sentence about the resource.
 */
export function violation(
  { urn, name }: Pick<Resource, 'urn' | 'name'>,
  property: string,
  value: Known,
  wrong: string,
): Finding {
  const message = value === UNKNOWN ? `"${name}": ${property} is not known during preview.` : `"${name}" ${wrong}.`;
  return { urn, message };
}

/** The name of a type in a rule's properties: `azure-native:web:WebAppSlot` is `WebApp`. */
export function subjectOf(type: string): string {
  return type.slice(type.lastIndexOf(':') + 1).replace(/Slot$/, '');
}
