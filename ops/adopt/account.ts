// What each phase does to the recorded resources. Every member is accounted for: kept, set (with the reason) or removed (with what that
// breaks, and how to restore it). What cannot be restored is refused until somebody accepts it by name. Pure.
import { isDeepStrictEqual } from 'node:util';
import type { Choices, Decision } from './decisions/row.ts';
import { DECISIONS } from './decisions.ts';
import type { Inputs } from './declared.ts';
import type { Json } from './json.ts';

/** What happens to one member of a recorded resource. */
export interface Member {
  /** Its path in azure-native, such as `dnsSettings.domainNameLabel`. */
  path: string;
  recorded: Json;
  outcome: 'kept' | 'set' | 'taken away';
  /** The value that it is set to, if that is known. */
  to?: Json;
  /** Set: the reason. Removed: what that breaks. */
  why?: string;
  /** How to restore it; undefined for what is kept. */
  back?: string;
}

/** What one phase does to one resource. */
export interface ResourceAccount {
  /** The program's name for it, such as `network-address`. */
  resource: string;
  members: Member[];
}

/** What one phase does, by phase, in order. A resource is in the phase in which it, or a part of it, changes. */
export type Account = { phase: number; resources: ResourceAccount[] }[];

/** What happens to one recorded member that does not stay as it is. */
export interface Change {
  phase: number;
  /** The program's name for the resource. */
  resource: string;
  /** A member's path, or a security rule's name. */
  member: string;
  /** The affected items, if the member is a list of names. */
  which?: string[];
  outcome: 'set' | 'taken away';
  /** Set: the reason. Removed: what that breaks. */
  why: string;
  /** How to restore it. */
  back: string;
}

/** A member that nobody has accepted. */
export interface Refusal {
  /** The argument of `--accept`, such as `broker-vm.userData`. */
  name: string;
  recorded: Json;
  why: string;
  back: string;
}

/** The result for one resource. */
export interface Judged {
  /** Permanently merged into what the program gives. */
  kept: Inputs;
  /** The same until the cut-over. */
  until: Inputs;
  /** Members by the phase in which they change; the kept ones are in the resource's own. */
  members: { phase: number; member: Member }[];
  refused: Refusal[];
}

export interface JudgeArgs {
  /** The program's name for the resource. */
  resource: string;
  /** The phase in which it changes. */
  hardened: number;
  recorded: Inputs;
  /** Decided on although it is not an input, such as a lock. */
  beside?: Inputs;
  choices: Choices;
  /** What was accepted by name. */
  accepted: readonly string[];
}

/** Decides on each member. */
export function judge({ resource, hardened, recorded, beside = {}, choices, accepted }: JudgeArgs): Judged {
  const rows = [...(DECISIONS[resource] ?? []), ...(DECISIONS['*'] ?? [])];
  const judged: Judged = { kept: {}, until: {}, members: [], refused: [] };
  const all = { ...recorded, ...beside };
  const told = new Set<string>();
  for (const { path, value } of leaves(all)) {
    const shown = path.join('.');
    const row = rows.find(({ at, only = () => true }) => covers(at.split('.'), path) && only(value, choices, shown));
    if (row?.outcome === 'apart') continue;
    const to = typeof row?.to === 'function' ? row.to(choices) : row?.to;
    const isSo = isDeepStrictEqual(to, value);
    const isChanged = (row?.outcome === 'set' || row?.outcome === 'taken away') && !isSo;
    const phase = row?.phase ?? hardened;
    if (String(path[0]) in recorded) {
      if (row === undefined || row.outcome === 'kept') put(judged.kept, path, value);
      else if (row.sent) put(judged.kept, path, to as Json);
      else if (isChanged && phase > hardened) put(judged.until, path, value);
    }
    const isByName = row?.byName === true || row?.byName?.(value, choices);
    if (row && isByName && !isSo) refuse(judged, resource, row, value, accepted, hardened);
    if (!isChanged) judged.members.push({ phase: hardened, member: { path: shown, recorded: value, outcome: 'kept' } });
    else if (row) {
      const of = path.slice(0, row.at.split('.').length);
      const at = of.join('.');
      if (!told.has(at)) judged.members.push({ phase, member: changed(row, at, valueAt(all, of), to, phase) });
      told.add(at);
    }
  }
  // In a stack file, an empty place in a list is null.
  return { ...judged, kept: plainly(judged.kept), until: plainly(judged.until) };
}

const plainly = (inputs: Inputs): Inputs => JSON.parse(JSON.stringify(inputs));

/** One member, for everything that a row covers. */
function changed(row: Decision, path: string, recorded: Json, to: Json | undefined, phase: number): Member {
  const { outcome, why, back = backFrom(phase) } = row;
  return { path, recorded, outcome: outcome as 'set', why, back, ...(to !== undefined && { to }) };
}

const valueAt = (value: Json, path: Path): Json =>
  path.reduce<Json>((found, step) => (found as Record<string | number, Json>)[step] as Json, value);

const backFrom = (phase: number) => `phase ${phase - 1}`;

function refuse(
  judged: Judged,
  resource: string,
  row: Decision,
  value: Json,
  accepted: readonly string[],
  hardened: number,
) {
  // A shell would expand a star to file names.
  const name = `${resource}.${row.at.split('.*')[0]}`;
  const isAccepted = accepted.some((each) => name === each || name.startsWith(`${each}.`));
  if (isAccepted || judged.refused.some((refusal) => refusal.name === name)) return;
  judged.refused.push({ name, recorded: value, why: row.why, back: row.back ?? backFrom(row.phase ?? hardened) });
}

/** The results of all resources together, by phase. */
export function accountOf(all: Record<string, Judged>): Account {
  const phases = [...new Set(Object.values(all).flatMap(({ members }) => members.map(({ phase }) => phase)))].sort();
  return phases.map((phase) => ({
    phase,
    resources: Object.entries(all)
      .map(([resource, { members }]) => ({
        resource,
        members: members.filter((each) => each.phase === phase).map((each) => each.member),
      }))
      .filter(({ members }) => members.length > 0),
  }));
}

/** What changes, as the report lists it. */
export const changesIn = (account: Account): Change[] =>
  account.flatMap(({ phase, resources }) =>
    resources.flatMap(({ resource, members }) =>
      members.flatMap(({ path, recorded, outcome, why = '', back = '' }) =>
        outcome === 'kept' ? [] : [{ phase, resource, member: path, ...listed(recorded), outcome, why, back }],
      ),
    ),
  );

const listed = (recorded: Json): Pick<Change, 'which'> =>
  Array.isArray(recorded) && recorded.every((each) => typeof each === 'string') ? { which: recorded } : {};

/** How many members stay. */
export const keptIn = (account: Account): number =>
  account
    .flatMap(({ resources }) => resources.flatMap(({ members }) => members))
    .filter(({ outcome }) => outcome === 'kept').length;

/** @throws Error that names each refusal, and how to continue. */
export function throwRefused(refused: Refusal[]): void {
  if (refused.length === 0) return;
  const lines = refused.map(
    ({ name, recorded, why, back }) => `  ${name} (${JSON.stringify(recorded)}): ${why}. Back: ${back}`,
  );
  throw new Error(
    `this would be lost, or blocks the adoption:\n${lines.join('\n')}\nChange it in Azure and record again, or accept it by name: ` +
      refused.map(({ name }) => `--accept ${name}`).join(' '),
  );
}

type Path = (string | number)[];

/** The values of an object, each with its path; a list of plain values is one value. */
export function leaves(value: Json, path: Path = []): { path: Path; value: Json }[] {
  if (Array.isArray(value)) {
    const isPlain = value.every((each) => typeof each !== 'object' || each === null);
    return isPlain ? [{ path, value }] : value.flatMap((each, i) => leaves(each, [...path, i]));
  }
  if (typeof value !== 'object' || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([key, each]) => leaves(each, [...path, key]));
}

const covers = (pattern: string[], path: Path) =>
  pattern.length <= path.length && pattern.every((step, i) => step === '*' || step === String(path[i]));

/** Places in a list without a value stay empty: the program's own items stay there. */
function put(into: Inputs, path: Path, value: Json): void {
  let place = into as Record<string | number, Json>;
  path.forEach((step, i) => {
    if (i === path.length - 1) place[step] = value;
    else place[step] ??= typeof path[i + 1] === 'number' ? [] : {};
    place = place[step] as typeof place;
  });
}
