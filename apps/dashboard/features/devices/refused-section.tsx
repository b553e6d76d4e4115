'use client';
// What the broker refused a device last, and its newest messages that could not be stored, each with the reason: why nothing arrives.
import { useQuery } from '@tanstack/react-query';
import { refusalWords } from '../../../../domain/refusals.ts';
import { foreign, rich, t } from '../../language/translate.ts';
import { Link } from '../../ui/link.tsx';
import { Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';
import { deadLettersOf } from '../ingest/dead-letters.ts';
import { lastRefusals } from '../ingest/refusals.ts';
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
  const { data: refusals } = useQuery({
    queryKey: ['refusals', device.tenant_id, 'of', device.id],
    queryFn: () => lastRefusals(device.id),
    ...polled(10_000),
  });
  if (!letters?.length && !refusals?.length) return null;
  return (
    <Section title={t('Refused')}>
      {refusals && refusals.length > 0 && (
        <>
          <p>{t('Last refused by the broker.')}</p>
          <ul className={styles.list}>
            {refusals.map(({ reason, refused_at }) => (
              <li key={reason}>
                <span>
                  {foreign(refusalWords(reason))}
                  <Ago at={refused_at} />
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      {letters && letters.length > 0 && (
        <p>
          {rich('Its newest messages that could not be stored. <link>All dead letters</link>', {
            link: (text) => <Link href="/admin/ingest">{text}</Link>,
          })}
        </p>
      )}
      <ul className={styles.list}>
        {letters?.map(({ id, reason, detail, received_at }) => (
          <li key={id}>
            <span>
              {reason}
              <Ago at={received_at} />
            </span>
            {detail && <p>{foreign(detail)}</p>}
          </li>
        ))}
      </ul>
    </Section>
  );
}
