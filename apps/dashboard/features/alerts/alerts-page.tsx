'use client';
// What is wrong now, what was, and the rules that find it.
import { useState } from 'react';
import { PageHead } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { AlertHistory } from './alert-history.tsx';
import { OpenAlerts } from './open-alerts.tsx';
import { RulesSection } from './rules-section.tsx';
import { useOpenAlerts } from './use-alerts.ts';

type View = 'open' | 'history' | 'rules';

export function AlertsPage() {
  const [view, setView] = useState<View>('open');
  const { data: open } = useOpenAlerts();
  return (
    <>
      <PageHead title="Alerts" about="Rules look at the readings once a minute and open an alert when one is broken." />
      <Tabs
        label="Alerts"
        value={view}
        onChange={setView}
        tabs={[
          {
            value: 'open',
            label: open ? `Open (${open.length})` : 'Open',
            content: <OpenAlerts onRules={() => setView('rules')} />,
          },
          { value: 'history', label: 'History', content: <AlertHistory /> },
          { value: 'rules', label: 'Rules', content: <RulesSection /> },
        ]}
      />
    </>
  );
}
