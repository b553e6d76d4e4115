import type { Metadata } from 'next';
import { Suspense } from 'react';
import { DevicesPage } from '../../../features/devices/devices-page.tsx';
import { t } from '../../../language/translate.ts';

export const metadata: Metadata = { title: t('Devices') };

export default function Page() {
  return (
    <Suspense>
      <DevicesPage />
    </Suspense>
  );
}
