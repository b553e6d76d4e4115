import type { Metadata } from 'next';
import { IngestPage } from '../../../features/ingest/ingest-page.tsx';
import { t } from '../../../language/translate.ts';

export const metadata: Metadata = { title: t('Ingest') };

export default function Page() {
  return <IngestPage />;
}
