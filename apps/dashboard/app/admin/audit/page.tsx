import type { Metadata } from 'next';
import { AuditPage } from '../../../features/audit/audit-page.tsx';
import { t } from '../../../language/translate.ts';

export const metadata: Metadata = { title: t('Audit log') };

export default function Page() {
  return <AuditPage />;
}
