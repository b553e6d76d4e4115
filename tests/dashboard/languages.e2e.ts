// The dashboard in Indonesian: what decides the language, the main pages as each role, numbers, dates and refusals.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { INDONESIAN } from '../../apps/dashboard/language/indonesian.ts';
import { inspect, open, openAs, withBrowser } from './browser.ts';
import type { Person } from './demo-users.ts';
import { WINDOWS } from './places.ts';

withBrowser();

/** A browser in Jakarta. */
const JAKARTA = { locale: 'id-ID', timezoneId: 'Asia/Jakarta' };

const langOf = (page: Page) => page.evaluate<string>('document.documentElement.lang');
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true }).waitFor();

/** A path in Indonesian, as a person who has signed in before in English. */
async function openInIndonesian(person: Person, path: string, tolerate?: RegExp): Promise<Page> {
  const english = await openAs(person, '/admin/devices');
  await english.getByRole('heading', { name: 'Devices', exact: true }).waitFor();
  return openAs(person, path, { ...JAKARTA, tolerate });
}

test("the browser's language, unless a person chooses another one", async () => {
  const page = await open('/sign-in', JAKARTA);
  await heading(page, 'Masuk');
  expect(await langOf(page)).toBe('id');
  expect(await page.title()).toBe('Masuk · mqtt-saas');
  await inspect(page);
  await page.getByLabel('Bahasa').selectOption({ label: 'English' });
  await heading(page, 'Sign in');
  await page.goto('/forgotten');
  await heading(page, 'Reset your password');
  expect(await langOf(page)).toBe('en');
});

test('a page that is exported whole', async () => {
  const page = await open('/no-such-page', { ...JAKARTA, tolerate: /status of 404/ });
  await heading(page, INDONESIAN['Page not found']);
  expect(await englishOn(page)).toEqual([]);
});

test('a language that the dashboard does not have is English', async () => {
  const page = await open('/sign-in', { locale: 'de-DE' });
  await heading(page, 'Sign in');
  expect(await langOf(page)).toBe('en');
  await page.getByLabel('Language').selectOption({ label: 'Bahasa Indonesia' });
  await heading(page, 'Masuk');
});

/** Headings by path; what only some roles see has their names. */
const PAGES: [path: string, heading: string, roles?: Person[]][] = [
  ['/admin/devices', 'Perangkat'],
  ['/admin/ingest', 'Penerimaan'],
  ['/admin/alerts', 'Peringatan'],
  ['/admin/notifications', 'Notifikasi'],
  ['/admin/users', 'Pengguna'],
  ['/admin/data', 'Gunakan data Anda'],
  ['/admin/settings', 'Pengaturan'],
  ['/admin/audit', 'Log audit', ['owner']],
  ['/account', 'Akun Anda', ['owner']],
];

const LOOKS = [WINDOWS.desktop, { width: 320, height: 640 }].flatMap((viewport) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ colorScheme, viewport })),
);

/** English messages that are on a page; a word that both languages have is not one. */
async function englishOn(page: Page): Promise<string[]> {
  const lines = await page.evaluate<string[]>("document.body.innerText.split('\\n').map((line) => line.trim())");
  const isEnglish = (line: string) =>
    Object.hasOwn(INDONESIAN, line) && Object.values(INDONESIAN).every((text) => text !== line);
  return lines.filter(isEnglish);
}

test.each<Person>(['owner', 'staff', 'viewer'])(
  'the main pages as %s: all in Indonesian, axe finds nothing',
  async (person) => {
    const page = await openInIndonesian(person, '/admin/devices');
    for (const [path, name, roles = ['owner', 'staff', 'viewer']] of PAGES) {
      if (!roles.includes(person)) continue;
      await page.goto(path);
      await heading(page, name);
      await page.waitForLoadState('networkidle');
      expect(await langOf(page)).toBe('id');
      expect(await page.title(), path).toMatch(new RegExp(`^(\\(\\d+\\) )?${name} · mqtt-saas$`));
      expect(await englishOn(page), path).toEqual([]);
      // What differs between the roles is less than what is alike: the owner's pages are looked at in each size and theme.
      await inspect(
        page,
        person === 'owner' ? LOOKS : LOOKS.slice(2, 3),
        `id-${person}-${path.slice(1).replaceAll('/', '-')}`,
      );
    }
  },
);

test.each([320, 390])(
  'the bar of pages on a phone of %i px: whole and without scrolling, in both languages',
  async (width) => {
    for (const locale of ['en-US', 'id-ID']) {
      const page = await openAs('owner', '/admin/devices', { locale, viewport: { width, height: 700 } });
      const bar = page.getByRole('navigation', { name: locale === 'id-ID' ? 'Utama' : 'Main' });
      await bar.waitFor();
      const cut = await page.evaluate<string[]>(`[...document.querySelectorAll('nav, nav a')].filter((part) => {
      const { left, right } = part.getBoundingClientRect();
      return part.scrollWidth > part.clientWidth || left < 0 || right > innerWidth;
    }).map(({ textContent }) => textContent)`);
      expect(cut, locale).toEqual([]);
      expect(await bar.getByRole('link').count()).toBe(8);
    }
  },
);

test('a device: values with a decimal comma, times with their zone, and a refusal of the database', async () => {
  const page = await openInIndonesian('owner', '/admin/devices', /status of 409/);
  await page.getByRole('link', { name: 'boiler-1' }).click();
  await heading(page, 'Pembacaan terakhir');
  await page.locator('label').filter({ hasText: 'temperature' }).click();
  const chart = page.getByRole('img', {
    name: /^temperature, 15 menit terakhir: antara -?[\d.]+(,\d+)? dan .*, terbaru .* pada \d\d\.\d\d\.\d\d WIB\.$/,
  });
  await chart.waitFor();
  await page
    .getByText(/^\d+ (dtk|mnt) lalu$|^baru saja$/)
    .first()
    .waitFor();
  const time = await page.locator('time[title]').first().getAttribute('title');
  expect(time).toMatch(/^\d{1,2} (Jan|Feb|Mar|Apr|Mei|Jun|Jul|Agu|Sep|Okt|Nov|Des) \d{4}, \d\d\.\d\d\.\d\d WIB$/);
  await inspect(page, LOOKS, 'id-device');
  await page.getByText('Tampilkan sebagai tabel').first().click();
  await page.getByRole('columnheader', { name: 'Waktu (WIB)' }).waitFor();

  await page.goto('/admin/devices');
  await page.getByRole('button', { name: 'Tambah perangkat' }).click();
  await page.getByLabel('Nama').fill('Boiler');
  await page.getByLabel('Slug').fill('boiler-1');
  await inspect(page, LOOKS, 'id-add-device');
  await page.getByRole('dialog').getByRole('button', { name: 'Tambah perangkat' }).click();
  await page
    .getByText('Sudah ada perangkat "boiler-1". Pilih slug lain, atau beri perangkat itu kunci baru.')
    .waitFor();
});

test('a rule and an invitation in Indonesian', async () => {
  const page = await openInIndonesian('owner', '/admin/alerts');
  await page.getByRole('tab', { name: 'Aturan' }).click();
  await page.getByRole('button', { name: 'Aturan baru' }).first().click();
  await page.getByLabel('Nama').fill('Ketel terlalu panas');
  await page.getByLabel('Field').fill('temperature');
  await page.getByLabel('Ambang').fill('900');
  await page.getByText(/^(tidak pernah|[\d.]+ kali)$/).waitFor();
  await inspect(page, LOOKS, 'id-alert-rule');
  await page.getByRole('button', { name: 'Buat aturan', exact: true }).last().click();
  await page.getByText('Jika temperature di atas 900, pada semua perangkat', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Hapus Ketel terlalu panas' }).click();
  await page.getByRole('button', { name: 'Hapus aturan' }).click();
  await page.getByText('Aturan Ketel terlalu panas telah dihapus.').waitFor();

  await page.goto('/admin/users');
  await page.getByRole('button', { name: 'Undang', exact: true }).click();
  await page.getByRole('dialog').getByLabel('Email').fill('budi@example.com');
  await page.getByLabel('Peran', { exact: true }).selectOption({ label: 'staf' });
  await page.getByRole('button', { name: 'Buat tautan' }).click();
  const link = await page.locator('pre').filter({ hasText: '/invite?token=' }).textContent();
  await page.getByRole('button', { name: 'Selesai' }).click();
  const invited = await open(link!.trim(), JAKARTA);
  await invited.getByText(/mengundang Anda sebagai staf: perangkat, aturan peringatan/).waitFor();
  await inspect(invited, LOOKS, 'id-invite');
  await page.getByRole('button', { name: 'Cabut undangan budi@example.com' }).click();
  await page.getByText('Undangan untuk budi@example.com telah dicabut; tautannya tidak berlaku lagi.').waitFor();
});
