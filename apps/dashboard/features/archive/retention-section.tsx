'use client';
// For how long readings stay: every member sees it, an owner may choose fewer days than the operator allows.
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { Field } from '../../ui/field.tsx';
import { formatNumber } from '../../ui/format.ts';
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
    <Section title="Retention">
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!data && !error && <Skeleton lines={2} label="Loading retention" />}
      {data && (
        <>
          <p>
            {data.days === null ? 'Readings stay until they are deleted.' : `Readings stay for ${daysIn(data.days)}. `}
            {data.days !== null &&
              (data.archived
                ? 'After that they are archived, and leave the platform.'
                : 'After that they are deleted.')}
          </p>
          {data.next_days !== null && <Coming days={data.next_days} inForce={data} />}
          {canChoose && <Choose inForce={data} key={`${data.days} ${data.next_days}`} />}
          <p className={styles.note}>
            Days are in UTC. Charts of long ranges keep hourly values for 100 days and daily ones for 400, also of
            readings that have left.{!canChoose && ' Owners can choose fewer days.'}
          </p>
        </>
      )}
    </Section>
  );
}

const daysIn = (days: number) => (days === 1 ? '1 day' : `${formatNumber(days)} days`);

function Coming({ days: fewer, inForce: { days, most, next_since } }: { days: number; inForce: Retention }) {
  const { tenant_id } = useTenant().tenant;
  const canChoose = useCan('manage the tenant');
  const keep = useChange({
    run: () => chooseRetention(tenant_id, days ?? most ?? 3650),
    done: () => 'Retention stays as it was.',
    changes: [KEY, 'audit'],
  });
  return (
    <Notice tone="warn">
      From {next_since} on, readings stay for {daysIn(fewer)} only; older ones leave then.{' '}
      {canChoose && (
        <Button busy={keep.isPending} onClick={() => keep.mutate(undefined)}>
          Keep {days === null ? 'them all' : daysIn(days)}
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
        ? `Readings stay for ${daysIn(wanted)}.`
        : `In 7 days, readings older than ${daysIn(wanted)} will leave.`,
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
          label="Days"
          type="number"
          min={1}
          max={most}
          required
          value={days}
          onChange={(event) => setDays(event.target.value)}
          hint={`1 to ${formatNumber(most)}. The platform’s operator can allow more.`}
        />
        <Button type="submit" busy={choose.isPending} disabled={Number(days) === (inForce.next_days ?? inForce.days)}>
          Change
        </Button>
      </form>
      {shorter !== undefined && (
        <Confirm
          title={`Keep readings for ${daysIn(shorter)} only?`}
          action="Keep fewer days"
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
  if (!data) return <Skeleton lines={3} label="Counting readings" />;
  const count = data.readings > MOST_COUNTED ? `More than ${formatNumber(MOST_COUNTED)}` : formatNumber(data.readings);
  return (
    <Notice tone="warn">
      {count} of today’s readings are from before {data.first_day}. On {data.since} they{' '}
      {archived
        ? 'leave the platform and go into the archive, from which you can download them.'
        : 'are deleted. There is no archive: nobody can bring them back.'}{' '}
      Until then an owner can keep them here.
    </Notice>
  );
}
