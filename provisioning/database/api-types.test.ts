// The dashboard's types of rows and functions are those of the database that the migrations make.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { renderApiTypes } from './api-types.ts';
import { startTestDatabase, type TestDatabase } from './testing/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await startTestDatabase();
});
afterAll(() => database?.stop());

/** The types after a change, which is then undone. */
async function renderAfter(sql: string): Promise<string> {
  await database.admin.query(`begin; ${sql}`);
  try {
    return await renderApiTypes(database.admin);
  } finally {
    await database.admin.query('rollback');
  }
}

it("is the dashboard's file", async () => {
  await expect(await renderApiTypes(database.admin)).toMatchFileSnapshot(
    '../../apps/dashboard/features/session/database.ts',
  );
});

it.each([
  [
    'a column that people may read',
    'alter table public.tenants add column x int; grant select (x) on public.tenants to authenticated',
    'x: number | null;',
  ],
  [
    'a list of words',
    "alter table public.tenants add column x text check (x in ('a', 'b')); grant select (x) on public.tenants to authenticated",
    "x: 'a' | 'b' | null;",
  ],
  [
    'a function',
    "create function public.x(role text, n int default 1) returns int language sql as 'select 1'; grant execute on function public.x to anon",
    "Args: {\n          role: 'owner' | 'staff' | 'viewer';\n          n?: number;\n        };\n        Returns: number;",
  ],
])('shows %s', async (_, sql, text) => {
  expect(await renderAfter(sql)).toContain(text);
});

it("shows nothing that is the platform's own", async () => {
  const before = await renderApiTypes(database.admin);
  expect(before).not.toMatch(/Row: \{[^}]*password_hash|token_hash|fingerprint|evaluate_alert_rules/);
  expect(await renderAfter('alter table public.device_credentials add column x int')).toBe(before);
});

it('refuses a type it does not know, and an exception that there is no need for', async () => {
  const typed = 'alter table public.tenants add column x inet; grant select (x) on public.tenants to authenticated';
  await expect(renderAfter(typed)).rejects.toThrow('tenants.x is of type inet');
  await expect(renderAfter('drop function public.invitation_facts(text)')).rejects.toThrow('invitation_facts.inviter');
});
