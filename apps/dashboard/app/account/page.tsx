import type { Metadata } from 'next';
import { AccountPage } from '../../features/session/account-page.tsx';
import { t } from '../../language/translate.ts';

export const metadata: Metadata = { title: t('Your account') };

export default function Page() {
  return <AccountPage />;
}
