// The demonstration's people, as the tests sign them in.
import type { Page } from 'playwright-core';

/** Who has an account when the platform starts. */
export type Person = 'owner' | 'staff' | 'viewer';

/** E-mail address of a demonstration's person. */
export const emailOf = (person: Person) => `${person}@demo.example`;

/** Fills in the form for signing in. */
export async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
