// What the engine said of a run, from its event log (`--event-log`, apitype.EngineEvent in pulumi/pulumi).
import { existsSync, readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import type { Operation } from '../../preview/diff.ts';
import type { WireObject } from '../../preview/engine/wire.ts';

/** A step of the engine, in its own words: `create-replacement`, `delete-replaced`, ... */
export interface Step {
  op: string;
  urn: string;
  type: string;
  /** Path to what happens there: `add`, `update`, `update-replace`, ... */
  diff: Record<string, string>;
  old?: { inputs: WireObject; outputs: WireObject };
  new?: { inputs: WireObject; outputs: WireObject };
}

/** A policy's finding. */
export interface Finding {
  policy: string;
  urn: string;
  message: string;
  level: string;
}

/** A remedy that a policy applied. */
export interface Remedy {
  policy: string;
  urn: string;
}

/** What a run of the CLI said. */
export interface Said {
  status: number;
  /** What the CLI printed, and what program and policy pack did. */
  output: string;
  steps: Step[];
  /** Those of the preview that an `up` begins with. */
  planned: Step[];
  findings: Finding[];
  remedies: Remedy[];
  /** Errors, without the policies'. */
  errors: string[];
  /** Steps that failed, with what the provider said. */
  failed: { urn: string; message: string }[];
}

/** What an operation of an import or a read is to somebody who reads a plan. */
export type EngineOperation = Operation | 'import' | 'read';

interface Event {
  resourcePreEvent?: { metadata: Metadata; planning?: boolean };
  policyEvent?: { resourceUrn?: string; message: string; policyName: string; enforcementLevel: string };
  policyRemediationEvent?: { resourceUrn?: string; policyName: string };
  resOpFailedEvent?: { metadata: Metadata };
  diagnosticEvent?: { message: string; severity: string; urn?: string };
}
interface Metadata {
  op: string;
  urn: string;
  type: string;
  detailedDiff?: Record<string, { diffKind: string }>;
  old?: Step['old'];
  new?: Step['new'];
}

export function readEvents(file: string): Omit<Said, 'status' | 'output'> {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  const events = lines.map((line) => JSON.parse(line) as Event);
  const pre = events.flatMap(({ resourcePreEvent }) => resourcePreEvent ?? []);
  // An `up` that previews first says everything twice; a preview says that it plans, too.
  const planned = pre.filter(({ planning }) => planning).map(({ metadata }) => toStep(metadata));
  const done = pre.filter(({ planning }) => !planning).map(({ metadata }) => toStep(metadata));
  return {
    steps: done.length > 0 ? done : planned,
    planned,
    findings: unique(events.flatMap(({ policyEvent }) => policyEvent ?? []).map(toFinding)),
    remedies: unique(
      events
        .flatMap(({ policyRemediationEvent }) => policyRemediationEvent ?? [])
        .map(({ policyName, resourceUrn = '' }) => ({ policy: policyName, urn: resourceUrn })),
    ),
    failed: events
      .flatMap(({ resOpFailedEvent }) => resOpFailedEvent?.metadata.urn ?? [])
      .map((urn) => ({ urn, message: errorsOf(events, urn) })),
    errors: events
      .flatMap(({ diagnosticEvent }) => (diagnosticEvent?.severity === 'error' ? diagnosticEvent.message : []))
      .map(clean),
  };
}

const errorsOf = (events: Event[], about: string): string =>
  events
    .flatMap(({ diagnosticEvent }) => (diagnosticEvent?.urn === about ? clean(diagnosticEvent.message) : []))
    .join('\n');

const toStep = ({ op, urn, type, detailedDiff, old, new: now }: Metadata): Step => ({
  op,
  urn,
  type,
  diff: Object.fromEntries(Object.entries(detailedDiff ?? {}).map(([path, { diffKind }]) => [path, diffKind])),
  ...(old && { old }),
  ...(now && { new: now }),
});

const toFinding = (event: NonNullable<Event['policyEvent']>): Finding => ({
  policy: event.policyName,
  urn: event.resourceUrn ?? '',
  message: clean(event.message).trim(),
  level: event.enforcementLevel,
});

/** Colours are written as `<{%fg 1%}>` there. */
const clean = (text: string) => stripVTControlCharacters(text.replace(/<\{%.*?%\}>/g, ''));

/** The preview of an `up` finds what the `up` finds. */
const unique = <T>(items: T[]): T[] => [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];

/** What happens to each resource, as the offline preview would put it. What stays the same is there too. */
export function operationsOf({ steps }: { steps: Step[] }): Map<string, EngineOperation> {
  const operations = new Map<string, EngineOperation>();
  for (const { urn, op } of steps) {
    // Deleted because another one is replaced; made again if the program still has it.
    if (op === 'delete-replaced') operations.set(urn, operations.get(urn) ?? 'delete');
    else operations.set(urn, op === 'create-replacement' ? 'replace' : (op as EngineOperation));
  }
  return operations;
}

/** Those that change, by the resource's own name: `['broker-vm', 'update']`, sorted. */
export const changesOf = (said: { steps: Step[] }): [string, EngineOperation][] =>
  [...operationsOf(said)]
    .filter(([, operation]) => operation !== 'same' && operation !== 'read')
    .map(([urn, operation]): [string, EngineOperation] => [urn.split('::').at(-1)!, operation])
    .sort(([a], [b]) => (a < b ? -1 : 1));
