// Timer trigger `evaluate_alerts`: looks at the alert rules every minute, half a minute away from ingest's timer.
import { app } from '@azure/functions';
import { evaluateAlertsOnTimer } from '../alerts/on-timer.ts';

app.timer('evaluate_alerts', {
  schedule: '30 * * * * *',
  handler: (_timer, context) => evaluateAlertsOnTimer(process.env, context),
});
