import type { Metadata } from 'next';
import { ForgottenPage } from '../../features/session/forgotten-page.tsx';
import { t } from '../../language/translate.ts';

export const metadata: Metadata = { title: t('Reset your password') };

export default function Page() {
  return <ForgottenPage />;
}
