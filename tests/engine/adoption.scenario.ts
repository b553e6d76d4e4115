// Environments that run already, adopted: each recording's stack file as it was written, its phases deployed forwards, back and forwards
// again, held to what was recorded. docs/adoption.md shows what came of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { CUT_OVER, LAST_PHASE } from '../../stacks/adoption/plan.ts';
import { Adopted, type Changed } from './adopted.ts';
import { WAYS, type Way } from './adoption-cases.ts';
import type { EngineOperation } from './events.ts';

const PAGE = join(ROOT, 'docs/adoption.md');
/** What each phase did, by the way's title. */
const verdicts = new Map<string, string[]>();
const titleOf = ({ recording, shape }: Way) => shape?.name ?? recording.name;

/** What comes back around its old disk is another machine: Azure gives an attached disk no profile and no image. */
const isRestored = ({ name, path }: Changed) =>
  name === 'broker-vm' && /^(osProfile|storageProfile\.imageReference|.*\.(createOption|deleteOption)$)/.test(path);

/** What the report says of what was recorded, beside updates. */
function told(adopted: Adopted, from: number | undefined, to: number): [string, EngineOperation][] {
  if (from === undefined) return adopted.names.map((name) => [name, 'import']);
  if (Math.min(from, to) < CUT_OVER && Math.max(from, to) === CUT_OVER) return [['broker-vm', 'replace']];
  return to === LAST_PHASE ? adopted.left.map((name) => [name, 'delete']) : [];
}

async function walk(way: Way): Promise<void> {
  const adopted = await Adopted.open(way);
  const { cloud } = adopted.stack;
  const cells: string[] = [];
  verdicts.set(titleOf(way), cells);
  const seen = new Map<number, Changed[]>();
  try {
    const old = adopted.machine.vmId;
    let from: number | undefined;
    for (const phase of way.phases) {
      const isFirst = !seen.has(phase);
      const step = `${from ?? ''} -> ${phase}`;
      const said = await adopted.go(phase, { pack: way.pack === true && isFirst });
      expect(said.findings.filter(({ level }) => level === 'mandatory')).toEqual([]);
      expect(said.status, `${step}: ${said.output}`).toBe(0);
      if (way.pack && isFirst) {
        // NET-02: rules of one name or priority are excused in no phase; at the end nothing is.
        expect(Object.keys(adopted.exceptions())).not.toContain('network-rules-in-one-order');
        if (phase === LAST_PHASE) expect(adopted.exceptions()).toEqual({});
      }
      const done = adopted.done(said);
      expect(
        done.filter(([, operation]) => operation !== 'update'),
        step,
      ).toEqual(told(adopted, from, phase));
      const changed = adopted.changed();
      if (isFirst) {
        expect(adopted.untold(phase), step).toEqual([]);
        cells[phase] = inWords(done);
      } else {
        const before = seen.get(phase)!.filter((each) => !isRestored(each));
        expect(
          changed.filter((each) => !isRestored(each)),
          step,
        ).toEqual(before);
      }
      seen.set(phase, changed);
      if (phase === 0)
        expect(
          changed.filter((each) => !seen.has(CUT_OVER) || !isRestored(each)),
          step,
        ).toEqual([]);
      if (Math.max(...seen.keys()) < CUT_OVER) expect(adopted.machine.vmId).toBe(old);
      expect(cloud.find('azure-native:network:PublicIPAddress').outputs.ipAddress).toBe('203.0.113.77');
      if (phase < LAST_PHASE) expect(adopted.oldApp.state).toBe(phase < CUT_OVER ? 'Running' : 'Stopped');
      from = phase;
    }
  } finally {
    adopted.close();
  }
}

function inWords(done: [string, EngineOperation][]): string {
  const counts = Map.groupBy(done, ([, operation]) => operation);
  return (
    [...counts]
      .map(([operation, of]) => `${of.length} ${operation}`)
      .sort()
      .join(', ') || 'nothing'
  );
}

describe('what was recorded is kept, changed as the report says, and restored', () => {
  it.concurrent.each(WAYS.map((way): [string, Way] => [titleOf(way), way]))('%s', (_, way) => walk(way), 1_200_000);
});

it('docs/adoption.md has the table of them: npm run test:engine -- adoption --update', async () => {
  const rows = WAYS.map((way) => {
    const cells = verdicts.get(titleOf(way)) ?? [];
    const backs = way.phases.flatMap((phase, i) => (phase < (way.phases[i - 1] ?? 0) ? `${phase + 1} → ${phase}` : []));
    const phases = Array.from({ length: LAST_PHASE + 1 }, (_, phase) => cells[phase] ?? '');
    return `| ${[titleOf(way), ...phases, backs.join(', ')].join(' | ')} |`;
  });
  const page = readFileSync(PAGE, 'utf8');
  if (!process.env.MQTT_SAAS_TEST_ALL) {
    expect(page.split('\n')).toEqual(expect.arrayContaining(rows));
    return;
  }
  const head = ['recording', ...Array.from({ length: LAST_PHASE + 1 }, (_, phase) => `phase ${phase}`), 'and back'];
  const table = [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...rows].join('\n');
  const [before = '', rest = ''] = page.split('<!-- phases -->\n');
  const [, after = ''] = rest.split('<!-- end of phases -->');
  await expect(`${before}<!-- phases -->\n${table}\n<!-- end of phases -->${after}`).toMatchFileSnapshot(PAGE);
});
