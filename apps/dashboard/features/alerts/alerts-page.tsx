'use client';
// Open alerts, resolved alerts, and the rules that open them.
import { useState } from 'react';
import { Link } from '../../ui/link.tsx';
import { PageHead } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { AlertHistory } from './alert-history.tsx';
import { OpenAlerts } from './open-alerts.tsx';
import { RulesSection } from './rules-section.tsx';
import { useOpenCount } from './use-alerts.ts';

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
        title="Alerts"
        about={
          <>
            Once a minute, each rule checks the messages that are new, and opens an alert when its condition is met. Who
            is told of them: <Link href="/admin/notifications">Notifications</Link>.
          </>
        }
      />
      <Tabs
        label="Alerts"
        value={view}
        onChange={show}
        tabs={[
          {
            value: 'open',
            label: open === undefined ? 'Open' : `Open (${open})`,
            content: <OpenAlerts onRules={(making) => show('rules', making)} />,
          },
          { value: 'history', label: 'History', content: <AlertHistory /> },
          { value: 'rules', label: 'Rules', content: <RulesSection isMaking={isMaking} /> },
        ]}
      />
    </>
  );
}
