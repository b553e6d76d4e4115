import type { Metadata } from 'next';
import { SignInPage } from '../../features/session/sign-in-page.tsx';
import { t } from '../../language/translate.ts';

export const metadata: Metadata = { title: t('Sign in') };

export default function Page() {
  return <SignInPage />;
}
