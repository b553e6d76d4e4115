'use client';
// Questions in the settings: the owner's switch, what leaves the platform, what it may cost and has cost.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { MICROS } from '../../../../domain/questions.ts';
import { t } from '../../language/translate.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Section, Skeleton } from '../../ui/page.tsx';
import { Switch } from '../../ui/switch.tsx';
import { messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import { useChange } from '../session/use-change.ts';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import styles from './questions.module.css';
import { formatUsd, type Offer, questionDays, questionOffer, questionsAreOn, setQuestions } from './questions.ts';

export function QuestionsSection() {
  const { tenant_id } = useTenant().tenant;
  const { data: offer, error } = useQuery({
    queryKey: ['questions', tenant_id, 'offer'],
    queryFn: async () => (await questionOffer(tenant_id)) ?? null,
  });
  if (error)
    return (
      <Section title={t('Questions')}>
        <Notice tone="danger">{messageOf(error)}</Notice>
      </Section>
    );
  // Nobody can ask on this platform.
  if (!offer) return null;
  return <Offered offer={offer} />;
}

function Offered({ offer }: { offer: Offer }) {
  const { tenant_id } = useTenant().tenant;
  const { data: isOn, error } = useQuery({
    queryKey: ['questions', tenant_id, 'on'],
    queryFn: () => questionsAreOn(tenant_id),
    ...polled(30_000),
  });
  return (
    <Section title={t('Questions')}>
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {isOn === undefined && !error && <Skeleton lines={4} label={t('Loading questions')} />}
      {isOn !== undefined && <OwnersSwitch isOn={isOn} offer={offer} />}
      <p className={styles.note}>
        {t(
          'Owners and staff can ask why an alert opened, and what changed this week. A language model answers from facts of this tenant that the person who asks may see: names, tags and states of devices, rules, alerts, figures of readings, the newest texts of a device, counts of dead letters; for owners also what was changed, not by whom. No addresses of people, no keys, no other tenant. These facts are sent to {provider}; each answer shows them, and the audit log says when, about what and by whom it was asked.',
          { provider: offer.provider },
        )}
      </p>
      <Spent offer={offer} />
    </Section>
  );
}

function OwnersSwitch({ isOn, offer }: { isOn: boolean; offer: Offer }) {
  const { tenant_id } = useTenant().tenant;
  const canManage = useCan('manage the tenant');
  const [isAsking, setIsAsking] = useState(false);
  const set = useChange({
    run: (to: boolean) => setQuestions(tenant_id, to),
    done: (to) => (to ? t('Questions are on.') : t('Questions are off. Answers that were kept are deleted.')),
    changes: ['questions', 'audit'],
  });
  if (!canManage) return <p>{isOn ? t('Questions are on.') : t('Questions are off. An owner can switch them on.')}</p>;
  return (
    <div className={styles.switch}>
      <Switch
        label={t('Questions')}
        checked={isOn}
        busy={set.isPending}
        onChange={() => (isOn ? set.mutate(false) : setIsAsking(true))}
      />
      {isOn ? t('On: facts of this tenant are sent when somebody asks.') : t('Off: nothing of this tenant is sent.')}
      {isAsking && (
        <Confirm
          title={t('Send facts of this tenant?')}
          action={t('Switch on')}
          onClose={() => setIsAsking(false)}
          onConfirm={async () => {
            await set.mutateAsync(true);
            setIsAsking(false);
          }}
        >
          <p>
            {t(
              'When an owner or staff asks, facts of this tenant are sent to {provider}, outside this platform. What they are is in the settings, and below each answer.',
              { provider: offer.provider },
            )}
          </p>
        </Confirm>
      )}
    </div>
  );
}

function Spent({ offer }: { offer: Offer }) {
  const { tenant_id } = useTenant().tenant;
  const [today] = useState(() => new Date().toISOString().slice(0, 10));
  const { data: days } = useQuery({
    queryKey: ['questions', tenant_id, 'days'],
    queryFn: () => questionDays(tenant_id, today.slice(0, 7)),
    ...polled(60_000),
  });
  if (!days) return null;
  const sumOf = (column: 'calls' | 'cached' | 'refused' | 'tokens' | 'micros', of = days) =>
    of.reduce((sum, day) => sum + day[column], 0);
  const line = (of: typeof days, micros: number, tokens: number) =>
    t('{usd} of {mostusd}, {tokens} of {most} tokens', {
      usd: formatUsd(sumOf('micros', of) / MICROS),
      mostusd: formatUsd(micros / MICROS),
      tokens: sumOf('tokens', of),
      most: tokens,
    });
  return (
    <Facts
      facts={[
        [
          t('Today (UTC)'),
          line(
            days.filter(({ day }) => day === today),
            offer.micros_day,
            offer.tokens_day,
          ),
        ],
        [t('This month'), line(days, offer.micros_month, offer.tokens_month)],
        [
          t('Answers'),
          t('{calls} from the model, {cached} from earlier answers, {refused} refused by a cap', {
            calls: sumOf('calls'),
            cached: sumOf('cached'),
            refused: sumOf('refused'),
          }),
        ],
        [
          t('Models'),
          t('{models}; the cheapest first, prices of {date}', {
            models: offer.models.join(', '),
            date: offer.prices_from,
          }),
        ],
      ]}
    />
  );
}
