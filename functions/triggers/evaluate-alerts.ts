// Timer trigger `evaluate_alerts`: evaluates the alert rules every minute, half a minute apart from ingest's timer.
import { app } from '@azure/functions';
import { ofPackage } from '../runtime/package-id.ts';

app.timer('evaluate_alerts', {
  schedule: '30 * * * * *',
  ...ofPackage,
  handler: async (_timer, context) => {
    const { evaluateAlertsOnTimer } = await import('../alerts/on-timer.ts');
    return evaluateAlertsOnTimer(context);
  },
});
