// HTTP trigger `run_timer`: does a timer's work when it is called with the key, because the timer has stopped.
import { app } from '@azure/functions';
import { ofPackage } from '../runtime/package-id.ts';

app.http('run_timer', {
  ...ofPackage,
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'run/{name}',
  handler: async ({ params, headers }, context) => {
    const { answerTwin } = await import('../periodic/twin.ts');
    return answerTwin({ name: params.name, authorization: headers.get('authorization') }, context);
  },
});
