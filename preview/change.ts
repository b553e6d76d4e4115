// What a diff says of each resource.
import type { Difference } from './differences.ts';
import type { PlanEntry } from './plan.ts';
import { REDACTED } from './secrets.ts';

export type Operation = 'create' | 'import' | 'update' | 'replace' | 'delete' | 'same';

export interface PropertyChange extends Difference {
  /** The provider makes another resource for it. */
  forcesReplacement: boolean;
  /** The provider tries it in place, and Azure refuses. */
  refused?: true;
  /** URN of the resource, replaced or new, whose output it is. */
  from?: string;
  /** False when only the deployment tells whether the value changes. */
  certain: boolean;
}

export interface ResourceChange {
  urn: string;
  operation: Operation;
  /** As it will be, or, for a deletion, as it was. */
  entry: PlanEntry;
  /** Another URN under which the resource stood before, found by its aliases. */
  formerUrn?: string;
  /** Also options, below `options`, which Pulumi keeps and no provider sees. */
  changes: PropertyChange[];
  /** The option that has it replaced along with another resource, and that one's URN. */
  replacedAlong?: { option: 'replaceWith' | 'deletedWith'; with: string };
  /** A protected resource that would go: a deployment stops with an error. */
  blockedByProtect: boolean;
  /** A resource that names what it was imported from cannot be replaced: a deployment stops with an error. */
  blockedByImport: boolean;
}

/** Sorted by URN; also lists what stays the same. */
export type Diff = ResourceChange[];

/** Be it only an option, which Pulumi keeps and no provider sees: protection is one. */
export const changesAnything = ({ operation, changes }: ResourceChange): boolean =>
  operation !== 'same' || changes.length > 0;

/** An update of which only the deployment tells whether there is one. */
export const isUncertain = ({ operation, changes }: ResourceChange): boolean =>
  operation === 'update' && changes.every(({ certain, path }) => !certain || path[0] === 'options');

/** It seems to stay the same and holds a secret, of which no plan shows whether it is another one. */
export const mayHideSecret = ({ operation, entry }: ResourceChange): boolean =>
  operation === 'same' && JSON.stringify(entry.inputs).includes(REDACTED);
