// Timer trigger `every_minute`: all periodic jobs that are due, half a minute apart from ingest's timer.
import { app } from '@azure/functions';
import { ofPackage } from '../runtime/package-id.ts';

app.timer('every_minute', {
  schedule: '30 * * * * *',
  ...ofPackage,
  handler: async (_timer, context) => {
    const { everyMinuteOnTimer } = await import('../periodic/every-minute.ts');
    return everyMinuteOnTimer(context);
  },
});
