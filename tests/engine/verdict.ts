// What the offline preview and the engine say of one change, side by side.
import { type Diff, isUncertain, type ResourceChange } from '../../preview/change.ts';
import { diffPlans } from '../../preview/diff.ts';
import { nameOf } from '../../preview/engine/urn.ts';
import type { Plan } from '../../preview/plan.ts';
import type { Change } from './changes.ts';
import { type EngineOperation, operationsOf, type Said } from './events.ts';
import type { EngineStack } from './stack.ts';

/** A row of the table. */
export interface Verdict {
  offline: string;
  engine: string;
  /** Where the two differ, one line a resource; none when they agree. */
  differences: string[];
}

/** Makes a change to a deployed stack, and asks both. @param before the plan of what is deployed. */
export async function judge(change: Change, stack: EngineStack, before: Plan): Promise<Verdict> {
  change.make(stack);
  const diff = diffPlans(before, await stack.plan(), { stack: change.stack, project: 'mqtt-saas' });
  const blocked = diff.filter(({ blockedByProtect }) => blockedByProtect).map(({ urn }) => urn);
  // What is to stop is previewed: an `up` would have done a part of it by then.
  const said = blocked.length > 0 ? await stack.preview() : await stack.up();
  const refused = diff.filter(({ changes }) => changes.some((each) => each.refused)).map(({ urn }) => urn);
  return {
    offline: [...(blocked.length > 0 ? stops(blocked) : summary(diff.map(asked))), ...refusals(refused)].join(', '),
    engine: [
      ...(isProtected(said) ? stops(protectedIn(said, blocked)) : summary([...ours(said).values()])),
      ...refusals(refusedIn(said)),
    ].join(', '),
    differences: [...compare(diff, said), ...compareEnds(said, blocked, refused)],
  };
}

/** What a line of the offline preview says. */
type Asked = EngineOperation | 'not known offline';
const asked = (change: ResourceChange): Asked => (isUncertain(change) ? 'not known offline' : change.operation);

/** Pulumi's own resources, the providers, are in no plan. */
const ours = (said: Said) => new Map([...operationsOf(said)].filter(([urn]) => !urn.includes('::pulumi:providers:')));

function compare(diff: Diff, said: Said): string[] {
  // Nothing is done, and a preview says more than would be.
  if (isProtected(said)) return [];
  const offline = new Map(diff.map((change) => [change.urn, asked(change)]));
  const engine = ours(said);
  // What failed has not come to everything.
  const urns = said.status === 0 ? new Set([...offline.keys(), ...engine.keys()]) : engine.keys();
  return [...urns].flatMap((urn) => {
    const [says, does] = [offline.get(urn) ?? 'same', engine.get(urn) ?? 'same'];
    if (says === does || (says === 'not known offline' && (does === 'same' || does === 'update'))) return [];
    return [`${nameOf(urn)}: ${says} offline, ${does} on the engine`];
  });
}

function compareEnds(said: Said, blocked: string[], refused: string[]): string[] {
  if (blocked.length > 0 && !isProtected(said)) return ['the engine does not stop'];
  const wrong = protectedIn(said, []).filter((name) => !blocked.map(nameOf).includes(name));
  const more = refusedIn(said).filter((urn) => !refused.includes(urn));
  const stopped = said.status === 0 || blocked.length > 0 || refused.length > 0 ? [] : said.errors;
  return [...wrong, ...more, ...stopped].map((what) => `the engine stops: ${what}`);
}

const PROTECTED =
  /resource "([^"]+)" (?:cannot be deleted because it is protected|(?:as part of .*? )?as it is currently marked)/g;
const isProtected = (said: Said) => protectedIn(said, []).length > 0;

/** Names of what the engine says is protected; it may stop before it comes to all of them, so `all` are named when one is. */
function protectedIn({ errors }: Said, all: string[]): string[] {
  const found = errors.flatMap((error) =>
    [...error.replace(/\s+/g, ' ').matchAll(PROTECTED)].map(([, urn = '']) => nameOf(urn)),
  );
  return found.length > 0 && all.length > 0 ? all : [...new Set(found)];
}

/** URNs whose step Azure answered with a refusal. */
const refusedIn = ({ failed }: Said): string[] =>
  failed.filter(({ message }) => message.includes('PropertyChangeNotAllowed')).map(({ urn }) => urn);

const stops = (urns: string[]) => [
  `stops: ${urns.map(nameOf).sort().join(', ')} ${urns.length > 1 ? 'are' : 'is'} protected`,
];
const refusals = (urns: string[]) => urns.map((urn) => `Azure refuses it for ${nameOf(urn)}`);

/** `2 replace, 4 not known offline`; `nothing`. */
function summary(operations: Asked[]): string[] {
  const order: Asked[] = ['create', 'import', 'update', 'replace', 'delete', 'not known offline'];
  const counted = order.flatMap((operation) => {
    const number = operations.filter((each) => each === operation).length;
    return number > 0 ? [`${number} ${operation}`] : [];
  });
  return counted.length > 0 ? counted : ['nothing'];
}
