// HTTP trigger `questions`: `POST /api/questions`, for people with a session, where a provider is configured.
import { app } from '@azure/functions';
import { ofPackage } from '../runtime/package-id.ts';
import { offersQuestions } from '../settings/offers-questions.ts';

if (offersQuestions()) {
  app.http('questions', {
    ...ofPackage,
    methods: ['POST'],
    authLevel: 'anonymous',
    route: 'questions',
    handler: async ({ headers, body }, context) => {
      const { answerOnRequest } = await import('../questions/on-request.ts');
      return answerOnRequest(
        { authorization: headers.get('authorization'), body: body as ReadableStream | null },
        context,
      );
    },
  });
}
