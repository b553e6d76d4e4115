import type { Metadata } from 'next';
import { DataPage } from '../../../features/data/data-page.tsx';

export const metadata: Metadata = { title: 'Use your data' };

export default function Page() {
  return <DataPage />;
}
