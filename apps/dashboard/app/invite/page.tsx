import type { Metadata } from 'next';
import { Suspense } from 'react';
import { CardPage } from '../../features/shell/card-page.tsx';
import { AcceptPage } from '../../features/users/accept-page.tsx';
import { Message } from '../../language/message.tsx';
import { t } from '../../language/translate.ts';

export const metadata: Metadata = { title: t('Invitation') };

export default function Page() {
  return (
    <Suspense fallback={<CardPage title={<Message text="You are invited" />} />}>
      <AcceptPage />
    </Suspense>
  );
}
