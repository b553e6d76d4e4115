'use client';
// Open alerts, resolved alerts, and the rules that open them.
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { rich, t } from '../../language/translate.ts';
import { Link } from '../../ui/link.tsx';
import { PageHead, Skeleton } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { OpenAlerts } from './open-alerts.tsx';
import { useOpenCount } from './use-alerts.ts';

const Loading = () => <Skeleton lines={4} label={t('Loading alerts')} />;

// Without `ssr: false` a view that comes later hides the whole page until it is there.
const AlertHistory = dynamic(() => import('./alert-history.tsx').then(({ AlertHistory }) => AlertHistory), {
  ssr: false,
  loading: Loading,
});
const RulesSection = dynamic(() => import('./rules-section.tsx').then(({ RulesSection }) => RulesSection), {
  ssr: false,
  loading: Loading,
});

type View = 'open' | 'history' | 'rules';

export function AlertsPage() {
  const [view, setView] = useState<View>('open');
  const [isMaking, setIsMaking] = useState(false);
  const show = (next: View, making = false) => {
    setView(next);
    setIsMaking(making);
  };
  const { data: open } = useOpenCount();
  return (
    <>
      <PageHead
        title={t('Alerts')}
        about={rich(
          'Once a minute, each rule checks the messages that are new, and opens an alert when its condition is met. Who is told of them: <link>Notifications</link>.',
          { link: (text) => <Link href="/admin/notifications">{text}</Link> },
        )}
      />
      <Tabs
        label={t('Alerts')}
        value={view}
        onChange={show}
        tabs={[
          {
            value: 'open',
            label: open === undefined ? t('Open') : t('Open ({open})', { open }),
            content: <OpenAlerts onRules={(making) => show('rules', making)} />,
          },
          { value: 'history', label: t('History'), content: <AlertHistory /> },
          { value: 'rules', label: t('Rules'), content: <RulesSection isMaking={isMaking} /> },
        ]}
      />
    </>
  );
}
