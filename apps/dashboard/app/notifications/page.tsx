import type { Metadata } from 'next';
import { AnswerPage } from '../../features/notifications/answer-page.tsx';
import { t } from '../../language/translate.ts';

export const metadata: Metadata = { title: t('Mails about alerts') };

export default function Page() {
  return <AnswerPage />;
}
