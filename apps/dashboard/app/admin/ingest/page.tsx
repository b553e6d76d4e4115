import type { Metadata } from 'next';

import { IngestPage } from '../../../features/ingest/ingest-page.tsx';

export const metadata: Metadata = { title: 'Ingest' };

export default function Page() {
  return <IngestPage />;
}
