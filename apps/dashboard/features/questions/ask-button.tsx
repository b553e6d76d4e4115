'use client';
// The button that asks the platform's language model, where there is one, for people who may ask.
import { useQuery } from '@tanstack/react-query';
import { Sparkles } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import type { QuestionKind } from '../../../../domain/questions.ts';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import type { Column } from '../../ui/data-table.tsx';
import { loadConfig } from '../session/config.ts';
import { useCan } from '../tenants/tenant.tsx';

const AnswerDialog = dynamic(() => import('./answer-dialog.tsx').then(({ AnswerDialog }) => AnswerDialog), {
  ssr: false,
});

/** Whether to offer questions. */
export function useAsks(): boolean {
  const { data } = useQuery({ queryKey: ['config'], queryFn: loadConfig, staleTime: Number.POSITIVE_INFINITY });
  return useCan('ask questions') && data?.hasQuestions === true;
}

interface Props {
  kind: QuestionKind;
  /** Of the alert, the device or the tenant. */
  id: string;
  /** What the question is about, for the dialog's title and for screen readers. */
  about: string;
}

export function AskButton({ kind, id, about }: Props) {
  const [isOpen, setIsOpen] = useState(false);
  const words = kind === 'alert' ? t('Why?') : t('What changed this week?');
  if (!useAsks()) return null;
  return (
    <>
      <Button aria-label={`${words} ${about}`} onClick={() => setIsOpen(true)}>
        <Sparkles aria-hidden />
        {words}
      </Button>
      {isOpen && <AnswerDialog title={`${words} ${about}`} kind={kind} id={id} onClose={() => setIsOpen(false)} />}
    </>
  );
}

/** A column of alerts with the button; none where questions are not offered. */
export function useWhyColumn<Alert extends { id: string }>(nameOf: (alert: Alert) => string): Column<Alert>[] {
  if (!useAsks()) return [];
  return [{ header: t('Reason'), cell: (alert) => <AskButton kind="alert" id={alert.id} about={nameOf(alert)} /> }];
}
