import type { Metadata } from 'next';
import { DataPage } from '../../../features/data/data-page.tsx';
import { t } from '../../../language/translate.ts';

export const metadata: Metadata = { title: t('Use your data') };

export default function Page() {
  return <DataPage />;
}
