// Timer trigger `mqtt_ingest`: drains the broker's queue every minute. Overlapping runs skip: see database/lease.ts.
import { app } from '@azure/functions';
import { ofPackage } from '../runtime/package-id.ts';

app.timer('mqtt_ingest', {
  schedule: '0 * * * * *',
  ...ofPackage,
  handler: async (_timer, context) => {
    const { ingestOnTimer } = await import('../ingest/on-timer.ts');
    return ingestOnTimer(context);
  },
});
