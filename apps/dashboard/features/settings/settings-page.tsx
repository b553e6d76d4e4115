'use client';
// What holds for a whole tenant: one section a subject, each with its own queries.
import dynamic from 'next/dynamic';
import { t } from '../../language/translate.ts';
import { PageHead } from '../../ui/page.tsx';
import { RetentionSection } from '../archive/retention-section.tsx';
import { DeleteTenantSection } from '../deletion/delete-tenant-section.tsx';
import { DeviceDeletionsSection } from '../deletion/device-deletions-section.tsx';
import { UsageSection } from '../usage/usage-section.tsx';
import { LimitsSection } from './limits-section.tsx';
import { NameSection } from './name-section.tsx';

// The lower half of the page, only for owners or where anybody can ask.
const ArchiveSection = dynamic(
  () => import('../archive/archive-section.tsx').then(({ ArchiveSection }) => ArchiveSection),
  {
    ssr: false,
  },
);
const QuestionsSection = dynamic(
  () => import('../questions/questions-section.tsx').then(({ QuestionsSection }) => QuestionsSection),
  { ssr: false },
);

export function SettingsPage() {
  return (
    <>
      <PageHead title={t('Settings')} about={t('What applies to the whole tenant.')} />
      <NameSection />
      <LimitsSection />
      <UsageSection />
      <RetentionSection />
      <ArchiveSection />
      <QuestionsSection />
      <DeviceDeletionsSection />
      <DeleteTenantSection />
    </>
  );
}
