'use client';
// A checklist for a tenant that was empty when this browser first saw it; it stays until all is done or it is dismissed.
import { useQuery } from '@tanstack/react-query';
import { Check, Circle } from 'lucide-react';
import { useEffect, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Link } from '../../ui/link.tsx';
import { Section } from '../../ui/page.tsx';
import { deviceList, NO_FILTER } from '../devices/device-list.ts';
import { statusesOf } from '../devices/statuses.ts';
import { polled } from '../session/queries.tsx';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import { useLimits } from '../tenants/use-limits.ts';
import styles from './first-hour.module.css';
import { firstSteps } from './steps.ts';

const keyOf = (tenantId: string) => `mqtt-saas.first-hour.${tenantId}`;

/** A reading ticks its step within two seconds. */
const LIVE_MS = 2000;
/** The devices heard last are asked: one that sends something else than readings may be among them. */
const LOOKED_AT = 10;

/** For owners and staff. @param isEmpty the tenant has no device. */
export function FirstHour({ isEmpty }: { isEmpty: boolean }) {
  const { tenant_id } = useTenant().tenant;
  const canManage = useCan('manage devices');
  const [state, setState] = useState(() => localStorage.getItem(keyOf(tenant_id)));
  const keep = (next: 'open' | 'closed') => {
    localStorage.setItem(keyOf(tenant_id), next);
    setState(next);
  };
  useEffect(() => {
    if (isEmpty && state === null) keep('open');
  });
  if (!canManage || state !== 'open') return null;
  return <Checklist onClose={() => keep('closed')} />;
}

function Checklist({ onClose }: { onClose: () => void }) {
  const { tenant_id } = useTenant().tenant;
  const { data: limits } = useLimits();
  // Not those of the page's list: a search, a filter or another page would take a tick away.
  const { data: statuses } = useQuery({
    queryKey: ['statuses', tenant_id, 'heard last'],
    queryFn: async () => {
      const { rows } = await deviceList(tenant_id, NO_FILTER, '-seen', LOOKED_AT);
      const ids = rows.map(({ id }) => id);
      return ids.length === 0 ? [] : statusesOf(tenant_id, ids);
    },
    ...polled(LIVE_MS),
  });
  const canInvite = useCan('manage members');
  if (!limits || !statuses) return null;
  const steps = firstSteps({ limits, statuses, canInvite });
  const left = steps.filter(({ done }) => !done).length;
  return (
    <Section
      title={left === 0 ? t('Set up') : t('Set up: {done} of {all}', { done: steps.length - left, all: steps.length })}
      aside={
        <Button variant="quiet" onClick={onClose}>
          {left === 0 ? t('Close') : t('Dismiss')}
        </Button>
      }
    >
      <ol className={styles.steps}>
        {steps.map(({ name, hint, href, done }) => (
          <li key={name} className={done ? styles.done : undefined}>
            {done ? <Check aria-hidden /> : <Circle aria-hidden />}
            <span>
              {href && !done ? <Link href={href}>{name}</Link> : <strong>{name}</strong>}
              <span className="visually-hidden">{done ? t(': done') : t(': to do')}</span>
              {!done && <small>{hint}</small>}
            </span>
          </li>
        ))}
      </ol>
    </Section>
  );
}
