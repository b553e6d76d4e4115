'use client';
// A device's details: its user name, topic and the age of its key.
import { useQuery } from '@tanstack/react-query';
import { deviceUsername } from '../../../../domain/identifiers.ts';
import { telemetryTopic } from '../../../../domain/topics.ts';
import { rich, t } from '../../language/translate.ts';
import { CopyButton } from '../../ui/copy.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import { activeCredential, type Device } from './devices.ts';
import { clockWords } from './state.ts';
import type { DeviceStatus } from './statuses.ts';
import { Tags } from './tags.tsx';

export function DeviceFacts({ device, status }: { device: Device; status: DeviceStatus | undefined }) {
  const { tenant } = useTenant();
  const canManage = useCan('manage devices');
  const { data: credential } = useQuery({
    queryKey: ['device', device.id, 'credential'],
    queryFn: async () => (await activeCredential(device.id)) ?? null,
    enabled: canManage,
  });
  const username = deviceUsername(tenant.slug, device.slug);
  const clock = clockWords(status?.clock_skew);
  const topic = telemetryTopic(tenant.slug, device.slug);
  return (
    <Section title={t('Details')}>
      <Facts
        facts={[
          [t('Last seen'), status ? <Ago key="seen" at={status.last_received_at} /> : t('never')],
          status?.clock_skew != null && [
            t('Clock'),
            clock ? t('{clock}: charts use the device’s time', { clock }) : t('right'),
          ],
          device.tags.length > 0 && [t('Tags'), <Tags key="tags" tags={device.tags} />],
          [t('User'), <Copied key="user" text={username} label={t('user name')} />],
          [t('Topic'), <Copied key="topic" text={topic} label={t('topic')} />],
          canManage && [
            t('Key'),
            credential ? (
              <span key="key">{rich('created {ago}', { ago: <Ago at={credential.created_at} /> })}</span>
            ) : (
              t('none')
            ),
          ],
          [t('Added'), <Ago key="added" at={device.created_at} />],
        ]}
      />
    </Section>
  );
}

const Copied = ({ text, label }: { text: string; label: string }) => (
  <>
    <code>{text}</code>
    <CopyButton text={text} label={label} />
  </>
);
