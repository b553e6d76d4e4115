'use client';
// What holds for a whole tenant: one section a subject, each with its own queries.
import { t } from '../../language/translate.ts';
import { PageHead } from '../../ui/page.tsx';
import { ArchiveSection } from '../archive/archive-section.tsx';
import { RetentionSection } from '../archive/retention-section.tsx';
import { DeleteTenantSection } from '../deletion/delete-tenant-section.tsx';
import { DeviceDeletionsSection } from '../deletion/device-deletions-section.tsx';
import { QuestionsSection } from '../questions/questions-section.tsx';
import { UsageSection } from '../usage/usage-section.tsx';
import { LimitsSection } from './limits-section.tsx';
import { NameSection } from './name-section.tsx';

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
