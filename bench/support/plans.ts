// What Postgres does inside a function: the plans of its statements, which an EXPLAIN of the call does not show.
import type { Client } from 'pg';

/** Facts of all plans together. */
export interface PlanFacts {
  /** Tables that were read from end to end, and are not empty. */
  sequentialScans: string[];
  /** Partitions of telemetry that were read. */
  partitionsRead: string[];
  /** Sub-plans that ran once per row: a policy that is not an init-plan. */
  subPlans: string[];
}

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Subplan Name'?: string;
  'Parent Relationship'?: string;
  'Actual Loops'?: number;
  'Actual Rows'?: number;
  'Rows Removed by Filter'?: number;
  Plans?: Node[];
}

/** Runs `work` on a superuser's connection while auto_explain tells of every statement in it. */
export async function readPlans(client: Client, work: () => Promise<unknown>): Promise<PlanFacts> {
  const plans: Node[] = [];
  const listen = ({ message }: { message?: string }) => {
    const json = message?.match(/plan:\s*(\{[\s\S]*\})\s*$/)?.[1];
    if (json) plans.push((JSON.parse(json) as { Plan: Node }).Plan);
  };
  await client.query(`
    load 'auto_explain';
    set auto_explain.log_min_duration = 0;
    set auto_explain.log_nested_statements = on;
    set auto_explain.log_analyze = on;
    set auto_explain.log_format = json;
    set client_min_messages = log`);
  client.on('notice', listen);
  try {
    await work();
  } finally {
    client.off('notice', listen);
    await client.query('set auto_explain.log_min_duration = -1; reset client_min_messages');
  }
  const nodes = plans.flatMap(flatten).filter((node) => (node['Actual Loops'] ?? 0) > 0);
  const relations = (type: RegExp, matters: (node: Node) => boolean = () => true) => [
    ...new Set(
      nodes
        .filter((node) => type.test(node['Node Type']) && matters(node))
        .flatMap((node) => node['Relation Name'] ?? []),
    ),
  ];
  return {
    sequentialScans: relations(/^Seq Scan$/, (node) => rowsSeen(node) > 0),
    partitionsRead: relations(/Scan$/)
      .filter((name) => name.startsWith('telemetry_'))
      .toSorted(),
    subPlans: nodes
      .filter((node) => node['Parent Relationship'] === 'SubPlan')
      .map((node) => node['Subplan Name'] ?? 'SubPlan'),
  };
}

const flatten = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(flatten)];

const rowsSeen = (node: Node) => (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0);
