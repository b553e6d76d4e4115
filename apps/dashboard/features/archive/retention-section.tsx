'use client';
// For how long readings stay: every member sees it, an owner may choose fewer days than the operator allows.
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Section, Skeleton } from '../../ui/page.tsx';
import { messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import { useChange } from '../session/use-change.ts';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import styles from './archive.module.css';
import { chooseRetention, type Retention, retention, tryRetention } from './archive.ts';

const KEY = 'tenant-retention';
/** Counted up to this number. */
const MOST_COUNTED = 100_000;

export function RetentionSection() {
  const { tenant_id } = useTenant().tenant;
  const canChoose = useCan('manage the tenant');
  const { data, error } = useQuery({
    queryKey: [KEY, tenant_id],
    queryFn: () => retention(tenant_id),
    ...polled(60_000),
  });
  return (
    <Section title={t('Retention')}>
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!data && !error && <Skeleton lines={2} label={t('Loading retention')} />}
      {data && (
        <>
          <p>
            {data.days === null
              ? t('Readings stay until they are deleted.')
              : `${t('Readings stay for {span}.', { span: daysIn(data.days) })} ${
                  data.archived
                    ? t('After that they are archived, and leave the platform.')
                    : t('After that they are deleted.')
                }`}
          </p>
          {data.next_days !== null && <Coming days={data.next_days} inForce={data} />}
          {canChoose && <Choose inForce={data} key={`${data.days} ${data.next_days}`} />}
          <p className={styles.note}>
            {t(
              'Days are in UTC. Charts of long ranges keep hourly values for 100 days and daily ones for 400, also of readings that have left.',
            )}
            {!canChoose && ` ${t('Owners can choose fewer days.')}`}
          </p>
        </>
      )}
    </Section>
  );
}

const daysIn = (days: number) => t('{days, plural, one {# day} other {# days}}', { days });

function Coming({ days: fewer, inForce: { days, most, next_since } }: { days: number; inForce: Retention }) {
  const { tenant_id } = useTenant().tenant;
  const canChoose = useCan('manage the tenant');
  const keep = useChange({
    run: () => chooseRetention(tenant_id, days ?? most ?? 3650),
    done: () => t('Retention stays as it was.'),
    changes: [KEY, 'audit'],
  });
  return (
    <Notice tone="warn">
      {t('From {day} on, readings stay for {span} only; older ones leave then.', {
        day: next_since ?? '',
        span: daysIn(fewer),
      })}{' '}
      {canChoose && (
        <Button busy={keep.isPending} onClick={() => keep.mutate(undefined)}>
          {days === null ? t('Keep them all') : t('Keep {span}', { span: daysIn(days) })}
        </Button>
      )}
    </Notice>
  );
}

function Choose({ inForce }: { inForce: Retention }) {
  const { tenant } = useTenant();
  const most = inForce.most ?? 3650;
  const [days, setDays] = useState(String(inForce.next_days ?? inForce.days ?? most));
  const [shorter, setShorter] = useState<number>();
  const choose = useChange({
    run: ({ wanted, name }: { wanted: number; name?: string }) => chooseRetention(tenant.tenant_id, wanted, name),
    done: ({ wanted, name }) =>
      name === undefined
        ? t('Readings stay for {span}.', { span: daysIn(wanted) })
        : t('In 7 days, readings older than {span} will leave.', { span: daysIn(wanted) }),
    changes: [KEY, 'audit'],
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    const wanted = Number(days);
    if (inForce.days === null || wanted < inForce.days) setShorter(wanted);
    else choose.mutate({ wanted });
  }
  return (
    <>
      <form className={styles.ask} onSubmit={submit}>
        <Field
          label={t('Days')}
          type="number"
          min={1}
          max={most}
          required
          value={days}
          onChange={(event) => setDays(event.target.value)}
          hint={t('1 to {most}. The platform’s operator can allow more.', { most })}
        />
        <Button type="submit" busy={choose.isPending} disabled={Number(days) === (inForce.next_days ?? inForce.days)}>
          {t('Change ##verb')}
        </Button>
      </form>
      {shorter !== undefined && (
        <Confirm
          title={t('Keep readings for {span} only?', { span: daysIn(shorter) })}
          action={t('Keep fewer days')}
          typed={tenant.name}
          onClose={() => setShorter(undefined)}
          onConfirm={async () => {
            await choose.mutateAsync({ wanted: shorter, name: tenant.name });
            setShorter(undefined);
          }}
        >
          <Warning days={shorter} archived={inForce.archived} />
        </Confirm>
      )}
    </>
  );
}

function Warning({ days, archived }: { days: number; archived: boolean }) {
  const { tenant_id } = useTenant().tenant;
  const { data, error } = useQuery({
    queryKey: ['try-retention', tenant_id, days],
    queryFn: () => tryRetention(tenant_id, days),
  });
  if (error) return <Notice tone="danger">{messageOf(error)}</Notice>;
  if (!data) return <Skeleton lines={3} label={t('Counting readings')} />;
  return (
    <Notice tone="warn">
      {data.readings > MOST_COUNTED
        ? t('More than {count} of today’s readings are from before {day}.', {
            count: MOST_COUNTED,
            day: data.first_day,
          })
        : t('{count} of today’s readings are from before {day}.', { count: data.readings, day: data.first_day })}{' '}
      {archived
        ? t('On {day} they leave the platform and go into the archive, from which you can download them.', {
            day: data.since,
          })
        : t('On {day} they are deleted. There is no archive: nobody can bring them back.', { day: data.since })}{' '}
      {t('Until then an owner can keep them here.')}
    </Notice>
  );
}
