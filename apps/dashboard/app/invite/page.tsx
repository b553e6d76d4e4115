import type { Metadata } from 'next';
import { Suspense } from 'react';
import { AcceptPage } from '../../features/users/accept-page.tsx';

export const metadata: Metadata = { title: 'Invitation' };

export default function Page() {
  return (
    <Suspense>
      <AcceptPage />
    </Suspense>
  );
}
