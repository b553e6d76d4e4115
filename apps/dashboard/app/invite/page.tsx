import type { Metadata } from 'next';
import { Suspense } from 'react';
import { CardPage } from '../../features/shell/card-page.tsx';
import { AcceptPage } from '../../features/users/accept-page.tsx';

export const metadata: Metadata = { title: 'Invitation' };

export default function Page() {
  return (
    <Suspense fallback={<CardPage title="You are invited" />}>
      <AcceptPage />
    </Suspense>
  );
}
