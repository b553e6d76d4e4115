import type { Metadata } from 'next';
import { UsersPage } from '../../../features/users/users-page.tsx';
import { t } from '../../../language/translate.ts';

export const metadata: Metadata = { title: t('Users') };

export default function Page() {
  return <UsersPage />;
}
