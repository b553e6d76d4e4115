'use client';
// What the broker refused a device last, and its newest messages that could not be stored, each with the reason: why nothing arrives.
import { useQuery } from '@tanstack/react-query';
import { refusalWords } from '../../../../domain/refusals.ts';
import { Link } from '../../ui/link.tsx';
import { Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';
import { deadLettersOf } from '../ingest/dead-letters.ts';
import { lastRefusal } from '../ingest/refusals.ts';
import { polled, useSliced } from '../session/queries.tsx';
import { useCan } from '../tenants/tenant.tsx';
import styles from './command-section.module.css';
import type { Device } from './devices.ts';

const SHOWN = 5;

export function RefusedSection({ device }: { device: Device }) {
  const canManage = useCan('manage devices');
  const { data: letters } = useSliced({
    queryKey: ['dead-letters', device.tenant_id, 'of', device.id],
    queryFn: () => deadLettersOf(device.tenant_id, device.id, SHOWN),
    enabled: canManage,
    ...polled(5000),
  });
  const { data: refusal } = useQuery({
    queryKey: ['refusals', device.tenant_id, 'of', device.id],
    queryFn: async () => (await lastRefusal(device.id)) ?? null,
    ...polled(10_000),
  });
  if (!letters?.length && !refusal) return null;
  return (
    <Section title="Refused">
      {refusal && (
        <p>
          Last refused by the broker <Ago at={refusal.refused_at} />: {refusalWords(refusal.reason)}
        </p>
      )}
      {letters && letters.length > 0 && (
        <p>
          Its newest messages that could not be stored. <Link href="/admin/ingest">All dead letters</Link>
        </p>
      )}
      <ul className={styles.list}>
        {letters?.map(({ id, reason, detail, received_at }) => (
          <li key={id}>
            <span>
              {reason}
              <Ago at={received_at} />
            </span>
            {detail && <p>{detail}</p>}
          </li>
        ))}
      </ul>
    </Section>
  );
}
