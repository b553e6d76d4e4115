// The numbers of the model that docs/scale.md is made from, measured, and the model held to points that it was not fitted to: each
// prediction must be within 20 % of what was measured.
import { parseArgs } from 'node:util';
import { type Measured, measureConnections, measureQueue } from './scale/broker.ts';
import { measureFlow } from './scale/flow.ts';
import { compare, printFit } from './scale/point.ts';
import { measurePolls, measureRows } from './scale/rows.ts';

const HELP = `usage: npm run bench -- scale [--only NAME,…] [--seconds N]

  --only     some of: rows, polls, queue, connections, flow. Default: all
  --seconds  how long each rate is measured. Default: 15
`;

/** @param args see HELP. */
export async function run(args: string[] = []): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { only: { type: 'string' }, seconds: { type: 'string', default: '15' }, help: { type: 'boolean' } },
  });
  if (values.help) return console.log(HELP);
  const parts: Record<string, () => Promise<Measured>> = {
    rows: measureRows,
    polls: measurePolls,
    queue: measureQueue,
    connections: measureConnections,
    flow: () => measureFlow(Number(values.seconds)),
  };
  const wanted = values.only?.split(',') ?? Object.keys(parts);
  const unknown = wanted.filter((name) => !(name in parts));
  if (unknown.length > 0) throw new Error(`--only: ${unknown.join(', ')} is none of ${Object.keys(parts).join(', ')}`);
  for (const name of wanted) {
    console.log(name);
    const { fitted, points } = await parts[name]!();
    printFit(fitted);
    compare(points, fitted);
  }
}
