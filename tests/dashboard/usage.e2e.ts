// What a tenant used in a month: its totals are the sum of the days in the table.
import { expect, inject, test } from 'vitest';
import { firstDay } from '../../domain/usage.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { DESK_AND_PHONE, inspect, openAs, withBrowser } from './browser.ts';

withBrowser();

test('a viewer sees a month, and its days add up', async () => {
  const month = firstDay(new Date().toISOString().slice(0, 7), -2).slice(0, 7);
  await withConnection(inject('platform').databaseUrl, (client) =>
    client.query(
      `insert into public.usage_days (tenant_id, day, readings, bytes, over_quota, letters, alerts, notifications, commands)
       select t.id, $1::date + n, 1000 + 100 * n, 250499, case n when 9 then 300 else 0 end, n, 1, 2, 0
       from public.tenants as t, generate_series(0, 19) as n where t.slug = 'acme' on conflict do nothing`,
      [`${month}-01`],
    ),
  );
  const page = await openAs('viewer', '/admin/settings');
  const usage = page.getByRole('region', { name: 'Usage' });
  await usage.getByLabel('Month', { exact: true }).selectOption(month);
  await usage.getByText('39,000', { exact: true }).first().waitFor();
  await usage.getByText('Show as table').click();
  const rows = await usage.getByRole('row').allInnerTexts();
  const numbers = rows.slice(1).map((row) => row.split('\t').map((cell) => cell.replaceAll(',', '')));
  const total = numbers.pop()!;
  expect(total.slice(0, 4)).toEqual(['Total', '39000', '5000', '300']);
  for (let column = 1; column < total.length; column++)
    expect(
      numbers.reduce((sum, row) => sum + Number(row[column]), 0),
      `column ${column}`,
    ).toBe(Number(total[column]));
  expect(numbers[20]).toEqual([`${month}-21`, ...Array(8).fill('0')]);
  await inspect(page, DESK_AND_PHONE, 'usage');
});
