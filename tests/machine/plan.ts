// Which checks a machine is given, and in what order. A whole run boots several machines at once, because most checks
// wait more than they work.
import { readdirSync } from 'node:fs';
import type { Check } from './machine.ts';
import { mutationChecks } from './mutations.ts';

/** A check and the file it is from. */
export interface Listed {
  group: string;
  check: Check;
}

/** What one machine of a whole run is for: looked at and broken on purpose, or disturbed in one way or the other. */
export const PARTS = ['looked-at', 'reconfigured', 'disturbed'] as const;
export type Part = (typeof PARTS)[number];

/** The lists one machine is given: those of `together` at the same time, then those of `after`, one check after another. */
export interface Plan {
  together: Listed[][];
  after: Listed[];
}

/** The machine that a file's disturbing checks are given, where it is not `disturbed`; the three take about equally long. */
const GIVEN: Partial<Record<string, Part>> = {
  bundle: 'reconfigured',
  certificates: 'reconfigured',
  'web-socket': 'reconfigured',
  memory: 'looked-at',
};

/** Files that a whole run leaves out: they wait for minutes, install much, or need another machine; they run where they are asked for. */
const SLOW = ['bad-luck', 'bad-luck-system', 'floods', 'openscap', 'upgrade'];

/** The plan of a part, or, for `only` these files, of the one machine that does it all. */
export async function makePlan(part: Part | undefined, only: string[] | undefined): Promise<Plan> {
  const all = await listChecks();
  const mutations = mutationChecks(all.map(({ check }) => check)).map((check) => ({ group: 'mutations', check }));
  const wanted = [...all, ...mutations].filter(({ group }) => (only ? only.includes(group) : !SLOW.includes(group)));
  const disturbing = wanted.filter(({ check }) => check.disturbs);
  const calm = wanted.filter(({ check }) => !check.disturbs);
  const isOf = (groups: string[]) => (listed: Listed) => groups.includes(listed.group);
  const isLast = isOf(['mutations']);
  const isScore = isOf(['scores']);
  // The scanners take long and disturb nobody.
  const together = [calm.filter(isScore), calm.filter((listed) => !isScore(listed) && !isLast(listed))];
  const broken = calm.filter(isLast);
  if (!part) return { together, after: [...broken, ...disturbing] };
  const own = disturbing.filter(({ group }) => (GIVEN[group] ?? 'disturbed') === part);
  return part === 'looked-at' ? { together, after: [...broken, ...own] } : { together: [], after: own };
}

/** Every list of checks/, in the order of their files' names. */
async function listChecks(): Promise<Listed[]> {
  const folder = new URL('./checks/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  const lists = files.sort().map(async (file) => {
    const { checks } = (await import(new URL(file, folder).href)) as { checks: Check[] };
    return checks.map((check) => ({ group: file.slice(0, -'.ts'.length), check }));
  });
  return (await Promise.all(lists)).flat();
}
