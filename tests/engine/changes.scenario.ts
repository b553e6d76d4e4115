// Each change of the list, said by the offline preview and done by the engine; docs/preview.md shows what came of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { CHANGES } from './changes.ts';
import { deployed, openDeployed } from './deployed.ts';
import { judge, type Verdict } from './verdict.ts';

const PAGE = join(ROOT, 'docs/preview.md');
const verdicts = new Map<string, Verdict>();

describe('of a change, the offline preview says what the engine does', () => {
  it.concurrent.each(CHANGES)('$stack: $what', async (change) => {
    const { plan } = await deployed(change.stack);
    const stack = await openDeployed(change.stack);
    try {
      const verdict = await judge(change, stack, plan);
      verdicts.set(change.what, verdict);
      expect(verdict.differences).toEqual([]);
    } finally {
      stack.close();
    }
  });
});

it('docs/preview.md has the table of them: npm run test:engine -- changes --update', async () => {
  const rows = CHANGES.map(({ what, stack }) => {
    const { offline = '', engine = '', differences = [] } = verdicts.get(what) ?? {};
    const more = differences.length > 0 ? ' ≠' : '';
    return `| ${what} | ${stack} | ${offline} | ${engine === offline ? 'the same' : engine}${more} |`;
  });
  const table = ['| change of | stack | offline preview | `pulumi up` |', '|---|---|---|---|', ...rows].join('\n');
  const page = readFileSync(PAGE, 'utf8');
  const [before = '', rest = ''] = page.split('<!-- changes -->\n');
  const [, after = ''] = rest.split('<!-- end of changes -->');
  const marked = `${before}<!-- changes -->\n${table}\n<!-- end of changes -->${after}`;
  await expect(marked).toMatchFileSnapshot(PAGE);
});
