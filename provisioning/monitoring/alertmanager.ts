// Alertmanager's configuration: who is told of the platform's alerts, how soon and how often; and the watchdog's way outside.
import { stringify } from 'yaml';
import type { AlertName } from './alerts.ts';

const WATCHDOG: AlertName = 'watchdog';
const MAINTENANCE: AlertName = 'maintenance';

/** Who is told. */
export interface Receivers {
  mail?: {
    to: string;
    from: string;
    /** Host and port of the mail server. */
    smarthost: string;
    /** Whether the mail server must speak TLS. */
    requireTls: boolean;
  };
  /** A URL that is sent each alert as JSON. */
  webhook?: string;
  /** A URL outside that expects a request every five minutes, and tells somebody when none comes. */
  watchdog?: string;
}

/** `alertmanager.yml`. Alerts of one name come in one mail; when they are over, another one says so. */
export function renderAlertmanager({ mail, webhook, watchdog }: Receivers): string {
  return stringify({
    ...(mail && {
      global: { smtp_smarthost: mail.smarthost, smtp_from: mail.from, smtp_require_tls: mail.requireTls },
    }),
    route: {
      receiver: 'operators',
      group_by: ['alertname'],
      group_wait: '5s',
      group_interval: '30s',
      repeat_interval: '12h',
      routes: [
        {
          receiver: WATCHDOG,
          matchers: [`alertname="${WATCHDOG}"`],
          group_wait: '0s',
          group_interval: '1m',
          repeat_interval: '5m',
        },
      ],
    },
    inhibit_rules: [
      {
        source_matchers: [`alertname="${MAINTENANCE}"`],
        target_matchers: [`alertname!~"${MAINTENANCE}|${WATCHDOG}"`],
      },
    ],
    receivers: [
      {
        name: 'operators',
        ...(mail && { email_configs: [{ to: mail.to, send_resolved: true }] }),
        ...(webhook !== undefined && { webhook_configs: [{ url: webhook, send_resolved: true }] }),
      },
      {
        name: WATCHDOG,
        ...(watchdog !== undefined && { webhook_configs: [{ url: watchdog, send_resolved: false }] }),
      },
    ],
  });
}
