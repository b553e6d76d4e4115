// The change of one resource in a diff.
import type { Difference } from './differences.ts';
import type { PlanEntry } from './plan.ts';
import { REDACTED } from './secrets.ts';

export type Operation = 'create' | 'import' | 'update' | 'replace' | 'delete' | 'same';

export interface PropertyChange extends Difference {
  /** The provider replaces the resource. */
  forcesReplacement: boolean;
  /** The provider tries to change it in place, and Azure refuses. */
  refused?: true;
  /** URN of the replaced or new resource whose output the value is. */
  from?: string;
  /** False when only the deployment shows whether the value changes. */
  certain: boolean;
}

export interface ResourceChange {
  urn: string;
  operation: Operation;
  /** The new entry or, for a deletion, the old one. */
  entry: PlanEntry;
  /** The resource's previous URN, found through its aliases. */
  formerUrn?: string;
  /** Includes options, below `options`, which only Pulumi stores. */
  changes: PropertyChange[];
  /** The option that replaces it together with another resource, and that resource's URN. */
  replacedAlong?: { option: 'replaceWith' | 'deletedWith'; with: string };
  /** The resource is protected and would be deleted or replaced: the deployment stops with an error. */
  blockedByProtect: boolean;
  /** A resource with the import option would be replaced: the deployment stops with an error. */
  blockedByImport: boolean;
}

/** Sorted by URN; includes unchanged resources. */
export type Diff = ResourceChange[];

/** True even if only an option changes, such as protect, which only Pulumi stores. */
export const changesAnything = ({ operation, changes }: ResourceChange): boolean =>
  operation !== 'same' || changes.length > 0;

/** True for an update that happens only if a value changes that is not known offline. */
export const isUncertain = ({ operation, changes }: ResourceChange): boolean =>
  operation === 'update' && changes.every(({ certain, path }) => !certain || path[0] === 'options');

/** True for a seemingly unchanged resource with a secret; plans do not show whether a secret changes. */
export const mayHideSecret = ({ operation, entry }: ResourceChange): boolean =>
  operation === 'same' && JSON.stringify(entry.inputs).includes(REDACTED);
