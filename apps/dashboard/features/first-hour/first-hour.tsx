'use client';
// A checklist for a tenant that was empty when this browser first saw it; it stays until all is done or it is dismissed.
import { Check, Circle } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Link } from '../../ui/link.tsx';
import { Section } from '../../ui/page.tsx';
import type { ListedStatus } from '../devices/statuses.ts';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import { useLimits } from '../tenants/use-limits.ts';
import styles from './first-hour.module.css';
import { firstSteps } from './steps.ts';

const keyOf = (tenantId: string) => `mqtt-saas.first-hour.${tenantId}`;

interface Props {
  /** The tenant has no device. */
  isEmpty: boolean;
  statuses: Map<string, ListedStatus> | undefined;
}

/** For owners and staff. */
export function FirstHour({ isEmpty, statuses }: Props) {
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
  if (!canManage || state !== 'open' || !statuses) return null;
  return <Checklist statuses={[...statuses.values()]} onClose={() => keep('closed')} />;
}

function Checklist({ statuses, onClose }: { statuses: ListedStatus[]; onClose: () => void }) {
  const { data: limits } = useLimits();
  const canInvite = useCan('manage members');
  if (!limits) return null;
  const steps = firstSteps({ limits, statuses, canInvite });
  const left = steps.filter(({ done }) => !done).length;
  return (
    <Section
      title={left === 0 ? 'Set up' : `Set up: ${steps.length - left} of ${steps.length}`}
      aside={
        <Button variant="quiet" onClick={onClose}>
          {left === 0 ? 'Close' : 'Dismiss'}
        </Button>
      }
    >
      <ol className={styles.steps}>
        {steps.map(({ name, hint, href, done }) => (
          <li key={name} className={done ? styles.done : undefined}>
            {done ? <Check aria-hidden /> : <Circle aria-hidden />}
            <span>
              {href && !done ? <Link href={href}>{name}</Link> : <strong>{name}</strong>}
              <span className="visually-hidden">{done ? ': done' : ': to do'}</span>
              {!done && <small>{hint}</small>}
            </span>
          </li>
        ))}
      </ol>
    </Section>
  );
}
