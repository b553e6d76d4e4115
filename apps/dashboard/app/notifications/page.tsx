import type { Metadata } from 'next';
import { AnswerPage } from '../../features/notifications/answer-page.tsx';

export const metadata: Metadata = { title: 'Mails about alerts' };

export default function Page() {
  return <AnswerPage />;
}
