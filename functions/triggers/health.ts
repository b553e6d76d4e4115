// HTTP triggers: `GET /api/health` for everybody, and the metrics for those who have the function's key, where they are switched on.
import { app } from '@azure/functions';
import { ofPackage } from '../runtime/package-id.ts';
import { metricsPath } from '../settings/metrics-path.ts';

const answer = (which: 'health' | 'metrics') => async () => (await import('../health/on-request.ts')).answer(which);

app.http('health', {
  ...ofPackage,
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'health',
  handler: answer('health'),
});

const path = metricsPath();
if (path !== undefined) {
  app.http('metrics', {
    ...ofPackage,
    methods: ['GET'],
    authLevel: 'function',
    // The host puts "api/" before each route.
    route: path.replace(/^api\//, ''),
    handler: answer('metrics'),
  });
}
