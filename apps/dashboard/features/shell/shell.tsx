'use client';
// The frame of every page behind sign-in: navigation, tenant, account.
import {
  Bell,
  BellRing,
  ChartColumn,
  Cpu,
  FileDown,
  LogOut,
  Monitor,
  Moon,
  ScrollText,
  Settings,
  Sun,
  UserRound,
  Users,
} from 'lucide-react';
import { usePathname } from 'next/navigation';
import { type ReactNode, useEffect, useState } from 'react';
import { type PlainMessage, t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { classes } from '../../ui/classes.ts';
import { Link } from '../../ui/link.tsx';
import { Wordmark } from '../../ui/wordmark.tsx';
import { useOpenCount } from '../alerts/use-alerts.ts';
import { DeletionBanner } from '../deletion/deletion-banner.tsx';
import { signOut } from '../session/sign-out.ts';
import { useCan } from '../tenants/tenant.tsx';
import { TenantSwitch } from '../tenants/tenant-switch.tsx';
import styles from './shell.module.css';
import { currentTheme, setTheme, THEMES, type Theme } from './theme.ts';

const ALERTS = '/admin/alerts';
const PAGES: { href: string; name: PlainMessage; Icon: typeof Cpu }[] = [
  { href: '/admin/devices', name: 'Devices', Icon: Cpu },
  { href: '/admin/ingest', name: 'Ingest', Icon: ChartColumn },
  { href: ALERTS, name: 'Alerts', Icon: Bell },
  { href: '/admin/notifications', name: 'Notifications', Icon: BellRing },
  { href: '/admin/users', name: 'Users', Icon: Users },
  { href: '/admin/data', name: 'Data', Icon: FileDown },
];
const AUDIT: (typeof PAGES)[number] = { href: '/admin/audit', name: 'Audit', Icon: ScrollText };
const SETTINGS: (typeof PAGES)[number] = { href: '/admin/settings', name: 'Settings', Icon: Settings };

/** @param email of the person signed in. */
export function Shell({ email, children }: { email: string; children: ReactNode }) {
  const pages = [...PAGES, ...(useCan('read the audit log') ? [AUDIT] : []), SETTINGS];
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        {t('Skip to content')}
      </a>
      <header className={styles.top}>
        <Link href="/admin/devices" className={styles.home}>
          <Wordmark />
        </Link>
        <TenantSwitch />
      </header>
      <nav className={styles.nav} aria-label={t('Main')}>
        {pages.map((page) => (
          <NavLink key={page.href} {...page} />
        ))}
      </nav>
      <section className={styles.account} aria-label={t('Account')}>
        <Link href="/account" className={styles.person} title={t('{email}: your account', { email })}>
          <UserRound aria-hidden />
          <span className={styles.email}>{email}</span>
          <span className="visually-hidden">{t(': your account')}</span>
        </Link>
        <ThemeChoice />
        <Button variant="quiet" icon aria-label={t('Sign out')} title={t('Sign out')} onClick={() => signOut()}>
          <LogOut aria-hidden />
        </Button>
      </section>
      <main id="content" className={styles.main} tabIndex={-1}>
        <DeletionBanner />
        {children}
      </main>
    </div>
  );
}

function NavLink({ href, name, Icon }: (typeof PAGES)[number]) {
  const isHere = usePathname().startsWith(href);
  return (
    <Link
      href={href}
      className={classes(styles.link, isHere && styles.here)}
      aria-current={isHere ? 'page' : undefined}
    >
      <Icon aria-hidden />
      {t(name)}
      {href === ALERTS && <OpenCount />}
    </Link>
  );
}

/** How many alerts are open; nothing when none is. */
function OpenCount() {
  const { data: open = 0 } = useOpenCount();
  useTitleCount(open);
  if (open === 0) return null;
  return (
    <span className={styles.count}>
      {open}
      <span className="visually-hidden"> {t('open')}</span>
    </span>
  );
}

const ICONS = { system: Monitor, light: Sun, dark: Moon };

/** The button that switches to the next theme. */
function ThemeChoice() {
  const [theme, setShown] = useState<Theme>(currentTheme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] as Theme;
  const Icon = ICONS[theme];
  return (
    <Button
      variant="quiet"
      icon
      aria-label={t('Theme: {theme}. Switch to {next}', { theme: t(theme), next: t(next) })}
      title={t('Theme: {theme}', { theme: t(theme) })}
      onClick={() => {
        setTheme(next);
        setShown(next);
      }}
    >
      <Icon aria-hidden />
    </Button>
  );
}

const COUNT = /^\(\d+\) /;

/** A number in front of the tab's title, `(2) Devices`, for people who are looking at another tab. @param count 0: none. */
function useTitleCount(count: number): void {
  useEffect(() => {
    const show = () => {
      const title = (count > 0 ? `(${count}) ` : '') + document.title.replace(COUNT, '');
      if (title !== document.title) document.title = title;
    };
    show();
    // Each page brings a title of its own.
    const watch = new MutationObserver(show);
    watch.observe(document.head, { childList: true, characterData: true, subtree: true });
    return () => {
      watch.disconnect();
      document.title = document.title.replace(COUNT, '');
    };
  }, [count]);
}
