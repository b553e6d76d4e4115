import type { Metadata } from 'next';
import { PasswordPage } from '../../features/session/password-page.tsx';

export const metadata: Metadata = { title: 'Change your password' };

export default function Page() {
  return <PasswordPage />;
}
