import type { Metadata } from 'next';
import { LinkPage } from '../../features/session/link-page.tsx';

export const metadata: Metadata = { title: 'Mailed link' };

export default function Page() {
  return <LinkPage />;
}
