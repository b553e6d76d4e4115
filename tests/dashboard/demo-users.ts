// The demonstration's users, as the tests sign them in.
import type { Page } from 'playwright-core';
import { DEMO_USERS } from '../../local/demo-users.ts';

/** Who has an account when the platform starts. */
export type Person = (typeof DEMO_USERS)[number]['role'];

/** E-mail address of one of them. */
export const emailOf = (person: Person) => DEMO_USERS.find(({ role }) => role === person)!.email;

/** Fills in the form for signing in. */
export async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
