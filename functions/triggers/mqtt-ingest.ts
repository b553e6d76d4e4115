// Timer trigger `mqtt_ingest`: drains the broker's queue every minute. Overlapping runs skip: see ingest/lease.ts.
import { app } from '@azure/functions';
import { ingestOnTimer } from '../ingest/on-timer.ts';

app.timer('mqtt_ingest', {
  schedule: '0 * * * * *',
  handler: (_timer, context) => ingestOnTimer(process.env, context),
});
