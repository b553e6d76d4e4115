import type { Metadata } from 'next';
import { LinkPage } from '../../features/session/link-page.tsx';
import { t } from '../../language/translate.ts';

export const metadata: Metadata = { title: t('Mailed link') };

export default function Page() {
  return <LinkPage />;
}
