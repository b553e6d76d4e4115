import type { Metadata } from 'next';
import { ForgottenPage } from '../../features/session/forgotten-page.tsx';

export const metadata: Metadata = { title: 'Reset your password' };

export default function Page() {
  return <ForgottenPage />;
}
