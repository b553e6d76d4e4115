import type { Metadata } from 'next';
import { NotificationsPage } from '../../../features/notifications/notifications-page.tsx';
import { t } from '../../../language/translate.ts';

export const metadata: Metadata = { title: t('Notifications') };

export default function Page() {
  return <NotificationsPage />;
}
