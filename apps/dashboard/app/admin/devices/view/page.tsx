import type { Metadata } from 'next';
import { Suspense } from 'react';
import { DevicePage } from '../../../../features/devices/device-page.tsx';
import { t } from '../../../../language/translate.ts';

export const metadata: Metadata = { title: t('Device') };

export default function Page() {
  return (
    <Suspense>
      <DevicePage />
    </Suspense>
  );
}
