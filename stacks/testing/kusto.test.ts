// The query checker refuses what Azure would refuse, and accepts the pages' queries.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { problemsIn, queriesIn } from './kusto.ts';

it.each([
  ['traces | where nope == 1', "The name 'nope' does not refer to any known column"],
  ['nothing | take 1', "The name 'nothing' does not refer to any known table"],
  ['traces | wheree message == 1', 'Query operator expected'],
  ['traces | extend x = no_such(message)', "The name 'no_such' does not refer to any known function"],
  ['traces | where timestamp > ago(1h', 'Expected: )'],
  ['traces | summarize n = count() | where message has "x"', "The name 'message' does not refer to any known column"],
  // A column of another table, and another service's name for the same column.
  ['traces | where TimeGenerated > ago(1h)', "The name 'TimeGenerated' does not refer to any known column"],
  ['AppTraces | take 1', "The name 'AppTraces' does not refer"],
  ['traces | where message > 1', "The operator '>' is not defined for the operand types string and long"],
])('refuses %s', (query, problem) => {
  expect(problemsIn(query).join('\n')).toContain(problem);
});

it.each(['docs/ingest.md', 'docs/monitoring.md'])('%s has queries, and each is valid', (page) => {
  const queries = queriesIn(readFileSync(join(ROOT, page), 'utf8'));
  expect(queries.length).toBeGreaterThan(3);
  for (const query of queries) expect(problemsIn(query), query).toEqual([]);
});
