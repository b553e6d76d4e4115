// What a rule is: everything that documentation, tests and @pulumi/policy know of it is declared here.
import type { PolicyConfigSchema } from '@pulumi/policy';
import type { Resource } from './resource.ts';

/** One thing that is wrong. */
export interface Finding {
  /** What is wrong and where, in one or two sentences. Never the value of a property that may hold a secret. */
  message: string;
  /** What to do about this very finding. Default: the rule's own fix. */
  fix?: string;
  /** The resource at fault. Default: the one that is judged; for a stack rule, the stack as a whole. */
  urn?: string;
}

/** A rule's configuration, as given by `--policy-pack-config`. */
export type RuleConfig = Record<string, unknown>;

/** How a rule takes a property without a value that it could judge. */
export interface Judged {
  /** The program does not set it, so Azure's default counts. */
  absent: 'violation' | 'accepted';
  /** The preview cannot know it. */
  unknown: 'violation' | 'accepted';
}

/** It must be set, to something the preview knows. */
export const REQUIRED: Judged = { absent: 'violation', unknown: 'violation' };
/** It need not be set, for the default is safe; what is set must be known. */
export const DEFAULT_IS_SAFE: Judged = { absent: 'accepted', unknown: 'violation' };
/** It must be set; to what, is judged when the update knows it. */
export const SET_IS_ENOUGH: Judged = { absent: 'violation', unknown: 'accepted' };
/** Only a known value can be wrong: the rule is advice, or another rule insists. */
export const ONLY_KNOWN: Judged = { absent: 'accepted', unknown: 'accepted' };

/** What every rule declares. */
interface Control {
  /** Identifier in the policy catalogue; never reused. */
  id: string;
  /** Name of the policy in configuration and output. */
  name: string;
  /** Hardening phase: 0 before the first deployment, 1 hardening, 2 maturity. */
  phase: 0 | 1 | 2;
  severity: 'critical' | 'high' | 'medium' | 'low';
  enforcement: 'mandatory' | 'advisory';
  /** What is demanded. One sentence or two. */
  demand: string;
  /** Why: what goes wrong without it. */
  reason: string;
  /** What to do when it is violated, naming the property or the configuration key. */
  fix: string;
  /** Where it is documented: first a page, then benchmarks and other tools' names for it. */
  sources: readonly [string, ...string[]];
  /**
   * The properties it judges, as `Type.path` with `[]` for every entry of a list. `WebApp.` stands for `WebAppSlot.` too.
   */
  properties: Readonly<Record<string, Judged>>;
  /** Accepted configuration. Default: none. */
  configSchema?: PolicyConfigSchema;
}

/** Judges one resource on its inputs, before it is created or changed. */
export interface ResourceRule extends Control {
  /** Undated type tokens the rule is about; one that ends with `:*` stands for all types of the package. */
  types: readonly string[];
  /** Values that put it right, by property, where Pulumi may write them; else a sentence that says why it may not. */
  remedy: Readonly<Record<string, unknown>> | string;
  check(resource: Resource, config: RuleConfig): Finding[];
  /** What is to be told, of the whole stack, that violates nothing: lines that go on from the rule's name. Default: nothing. */
  notes?(resources: Resource[], config: RuleConfig): string[];
}

/** Judges all resources of the stack together, at the end of a preview or update, by what the program gives them (inputs.ts). */
export interface StackRule extends Control {
  checkStack(resources: Resource[], config: RuleConfig): Finding[];
}

export type Rule = ResourceRule | StackRule;

/** True when the rule is about resources of this undated type. */
export function isAbout(rule: ResourceRule, type: string): boolean {
  return rule.types.some((own) => own === type || (own.endsWith(':*') && type.startsWith(own.slice(0, -1))));
}

/** The word a type is called by in a rule's properties: `azure-native:web:WebAppSlot` is a `WebApp`. */
export function subjectOf(type: string): string {
  return type.slice(type.lastIndexOf(':') + 1).replace(/Slot$/, '');
}
