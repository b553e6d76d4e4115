'use client';
// What of a device could not be stored lately, with the reason: its maker sees here why nothing arrives.
import { Link } from '../../ui/link.tsx';
import { Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';
import { deadLettersOf } from '../ingest/dead-letters.ts';
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
  if (!letters?.length) return null;
  return (
    <Section title="Refused messages">
      <p>
        Its newest messages that could not be stored. <Link href="/admin/ingest">All dead letters</Link>
      </p>
      <ul className={styles.list}>
        {letters.map(({ id, reason, detail, received_at }) => (
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
