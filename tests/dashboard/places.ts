// The dashboard's pages, and dialogs that are filled in, each with who sees it and when it is there: for axe and for pictures.
import type { Page } from 'playwright-core';
import type { Person } from './demo-users.ts';

/** A page or dialog to look at. */
export interface Place {
  /** A file's name. */
  name: string;
  path: string;
  /** Undefined: nobody is signed in. */
  person?: Person;
  /** From the path to the place; resolves when it is there, with its data. */
  go: (page: Page) => Promise<void>;
}

const heading = (name: string) => (page: Page) => page.getByRole('heading', { name, exact: true }).waitFor();
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).first().click();

export const PLACES: readonly Place[] = [
  { name: 'sign-in', path: '/sign-in', go: heading('Sign in') },
  { name: 'invite', path: '/invite?token=example', go: heading('This invitation is not valid') },
  { name: 'forgotten', path: '/forgotten', go: heading('Reset your password') },
  { name: 'link', path: '/link', go: heading('No link was opened') },
  { name: 'account', path: '/account', person: 'owner', go: heading('Other devices') },
  { name: 'not-found', path: '/no-such-page', go: heading('Page not found') },
  {
    name: 'devices',
    path: '/admin/devices',
    person: 'owner',
    go: (page) => page.getByRole('row').filter({ hasText: 'temperature' }).first().waitFor(),
  },
  {
    name: 'device',
    path: '/admin/devices',
    person: 'owner',
    go: async (page) => {
      await page.getByRole('link', { name: 'boiler-1' }).click();
      await page.locator('label').filter({ hasText: 'temperature' }).click();
      await page.locator('label').filter({ hasText: '24 h' }).click();
      await page.getByRole('img', { name: /^temperature, the last 24 hours: between/ }).waitFor();
    },
  },
  {
    name: 'add-device',
    path: '/admin/devices',
    person: 'owner',
    go: async (page) => {
      await press(page, 'Add device');
      await page.getByLabel('Name').fill('Cold store');
    },
  },
  {
    name: 'connect-device',
    path: '/admin/devices',
    person: 'owner',
    go: async (page) => {
      await page.getByRole('link', { name: 'boiler-1' }).click();
      await press(page, 'Connect');
      await page.getByLabel('Program').selectOption({ label: 'Windows: mosquitto_pub in PowerShell' });
      await page.getByRole('button', { name: 'Copy commands' }).waitFor();
    },
  },
  {
    name: 'import-devices',
    path: '/admin/devices',
    person: 'owner',
    go: async (page) => {
      await press(page, 'Import');
      const buffer = Buffer.from('slug,name,tags\npump-1,Pump 1,floor-1 pumps\npump-2,Pump 2,floor-2 pumps\n');
      await page.getByLabel('File').setInputFiles({ name: 'pumps.csv', mimeType: 'text/csv', buffer });
      await page.getByText('2 devices will be added.').waitFor();
    },
  },
  {
    name: 'selected-devices',
    path: '/admin/devices',
    person: 'owner',
    go: async (page) => {
      await page.getByLabel('Select all on this page').check();
      await press(page, 'Tags');
      await page.getByLabel('Add', { exact: true }).fill('floor-1');
    },
  },
  {
    name: 'ingest',
    path: '/admin/ingest',
    person: 'owner',
    go: (page) => page.getByRole('img', { name: /^Latency: / }).waitFor(),
  },
  {
    name: 'alerts',
    path: '/admin/alerts',
    person: 'owner',
    go: (page) => page.getByRole('tab', { name: /^Open \(/ }).waitFor(),
  },
  {
    name: 'alert-rule',
    path: '/admin/alerts',
    person: 'owner',
    go: async (page) => {
      await page.getByRole('tab', { name: 'Rules' }).click();
      await press(page, 'New rule');
      await page.getByLabel('Name').fill('Boiler too warm');
      await page.getByLabel('Field').fill('temperature');
      await page.getByLabel('Threshold').fill('25');
      await page.getByText(/^(never|once|[\d,]+ times)$/).waitFor();
    },
  },
  {
    name: 'notifications',
    path: '/admin/notifications',
    person: 'owner',
    go: (page) => page.getByRole('button', { name: 'Add channel' }).waitFor(),
  },
  {
    name: 'add-channel',
    path: '/admin/notifications',
    person: 'owner',
    go: async (page) => {
      await press(page, 'Add channel');
      await page.getByRole('dialog').getByText('Chat gateway').click();
      await page.getByLabel('Name').fill('Night shift');
      await page.getByLabel('URL').fill('https://chat.example.com/send');
    },
  },
  { name: 'answer-mails', path: '/notifications#token=example', go: heading('Mails about alerts') },
  {
    name: 'users',
    path: '/admin/users',
    person: 'owner',
    go: (page) => page.getByRole('row').filter({ hasText: 'viewer@demo.example' }).waitFor(),
  },
  {
    name: 'invite-someone',
    path: '/admin/users',
    person: 'owner',
    go: async (page) => {
      await press(page, 'Invite');
      await page.getByRole('dialog').getByLabel('E-mail').fill('ann@example.com');
    },
  },
  {
    name: 'data',
    path: '/admin/data',
    person: 'owner',
    go: (page) => page.locator('pre').filter({ hasText: 'read_readings' }).waitFor(),
  },
  {
    name: 'settings',
    path: '/admin/settings',
    person: 'owner',
    go: (page) => page.getByRole('row').filter({ hasText: 'Alert rules' }).waitFor(),
  },
  {
    name: 'audit',
    path: '/admin/audit',
    person: 'owner',
    go: (page) => page.getByRole('row').nth(1).waitFor(),
  },
];

/** Sizes of a window, in CSS pixels. */
export const WINDOWS = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
} as const;
