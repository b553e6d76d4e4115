import type { Metadata } from 'next';
import { Suspense } from 'react';
import { DevicePage } from '../../../../features/devices/device-page.tsx';

export const metadata: Metadata = { title: 'Device' };

export default function Page() {
  return (
    <Suspense>
      <DevicePage />
    </Suspense>
  );
}
