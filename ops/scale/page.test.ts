import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withTables } from './page.ts';

const PAGE = new URL('../../docs/scale.md', import.meta.url);

it('is what docs/scale.md says', async () => {
  await expect(withTables(readFileSync(PAGE, 'utf8'))).toMatchFileSnapshot(PAGE.pathname);
});

it('wants a place for each table', () => {
  expect(() => withTables('# Scale\n')).toThrow('docs/scale.md has no place for the table "demands"');
});
