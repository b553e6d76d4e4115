import type { Metadata } from 'next';
import { AlertsPage } from '../../../features/alerts/alerts-page.tsx';
import { t } from '../../../language/translate.ts';

export const metadata: Metadata = { title: t('Alerts') };

export default function Page() {
  return <AlertsPage />;
}
