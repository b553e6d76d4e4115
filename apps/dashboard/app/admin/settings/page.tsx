import type { Metadata } from 'next';
import { SettingsPage } from '../../../features/settings/settings-page.tsx';
import { t } from '../../../language/translate.ts';

export const metadata: Metadata = { title: t('Settings') };

export default function Page() {
  return <SettingsPage />;
}
