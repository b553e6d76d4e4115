import { t } from '../language/translate.ts';
import '../ui/tokens.css';
import '../ui/base.css';
import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import { MaintenanceBanner } from '../features/maintenance/maintenance-banner.tsx';
import { MAILED_LINK_SCRIPT } from '../features/session/mailed-link.ts';
import { SessionProvider } from '../features/session/session.tsx';
import { THEME_SCRIPT } from '../features/shell/theme.ts';
import { LANGUAGE_SCRIPT } from '../language/choice.ts';
import { LanguageProvider } from '../language/language-provider.tsx';

export const metadata: Metadata = {
  title: { default: 'mqtt-saas', template: '%s · mqtt-saas' },
  description: t('Devices, readings and alerts of your tenants.'),
  robots: { index: false },
};

export const viewport: Viewport = {
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f6f6f2' },
    { media: '(prefers-color-scheme: dark)', color: '#111213' },
  ],
  viewportFit: 'cover',
};

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" suppressHydrationWarning>
      <head>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: constants of ours; must run before anything else */}
        <script dangerouslySetInnerHTML={{ __html: `${MAILED_LINK_SCRIPT};${THEME_SCRIPT};${LANGUAGE_SCRIPT}` }} />
      </head>
      <body>
        <LanguageProvider>
          <MaintenanceBanner />
          <SessionProvider>{children}</SessionProvider>
        </LanguageProvider>
      </body>
    </html>
  );
}
