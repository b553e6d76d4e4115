'use client';
// A question and its answer: what the model said, as text only, and all that it was given.
import { useQuery } from '@tanstack/react-query';
import type { Language } from '../../../../domain/languages.ts';
import type { Answer, QuestionKind } from '../../../../domain/questions.ts';
import { rich, t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { formatTime } from '../../ui/format.ts';
import { Link } from '../../ui/link.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { messageOf } from '../session/errors.ts';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import styles from './questions.module.css';
import { askQuestion, formatUsd, questionsAreOn, RefusedUntil } from './questions.ts';

interface Props {
  title: string;
  kind: QuestionKind;
  id: string;
  onClose: () => void;
}

export function AnswerDialog({ title, kind, id, onClose }: Props) {
  const { tenant_id } = useTenant().tenant;
  const { data: isOn, error } = useQuery({
    queryKey: ['questions', tenant_id, 'on'],
    queryFn: () => questionsAreOn(tenant_id),
  });
  return (
    <Dialog title={title} onClose={onClose} large>
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {isOn === undefined && !error && <Skeleton lines={3} label={t('Loading')} />}
      {isOn === false && <Off />}
      {isOn && <Asked kind={kind} id={id} />}
      <DialogActions>
        <Button onClick={onClose}>{t('Close')}</Button>
      </DialogActions>
    </Dialog>
  );
}

const languageOfPage = (): Language => (document.documentElement.lang.startsWith('id') ? 'id' : 'en');

function Off() {
  const canManage = useCan('manage the tenant');
  return (
    <Notice tone="neutral">
      {t('Questions are off for this tenant: nothing of it is sent to a language model.')}{' '}
      {canManage
        ? rich(
            'You can switch them on in the <link>settings</link>, which say what is sent, to whom, and what it may cost.',
            { link: (text) => <Link href="/admin/settings">{text}</Link> },
          )
        : t('An owner can switch them on in the settings.')}
    </Notice>
  );
}

function Asked({ kind, id }: Pick<Props, 'kind' | 'id'>) {
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['questions', 'answer', kind, id],
    queryFn: () => askQuestion({ kind, id, language: languageOfPage() }),
    // Each costs: asked when the dialog opens, and when a person asks again.
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  if (isFetching)
    return (
      <>
        <p role="status" className={styles.muted}>
          {t('Reading the facts and asking the model. This takes some seconds.')}
        </p>
        <Skeleton lines={4} label={t('Waiting for the answer')} />
      </>
    );
  if (error)
    return (
      <>
        <Notice tone="danger">
          {messageOf(error)}
          {error instanceof RefusedUntil && ` ${t('Again from {time}.', { time: formatTime(error.until) })}`}
        </Notice>
        <Button onClick={() => refetch()}>{t('Ask again')}</Button>
      </>
    );
  return data && <Answered answer={data} />;
}

function Answered({ answer: { answer, model, answeredAt, cached, tokens, usd, facts } }: { answer: Answer }) {
  return (
    <>
      {/* Text, whatever is in it: what looks like a link or a tag stays text. */}
      <p className={styles.answer} role="status">
        {answer}
      </p>
      <p className={styles.muted}>
        {t('Written by {model} on {time}, from the facts below. It can be wrong.', {
          model,
          time: formatTime(new Date(answeredAt)),
        })}{' '}
        {cached
          ? t('Answered before from the same facts: it cost nothing now.')
          : t('It cost {usd} ({tokens} tokens).', { usd: formatUsd(usd), tokens })}
      </p>
      <details className={styles.facts}>
        <summary>{t('The facts: all that the model was given')}</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by the keyboard */}
        <pre tabIndex={0}>{JSON.stringify(facts, null, 2)}</pre>
      </details>
    </>
  );
}
