// Questions, answered by a worker: on its server on loopback, to which the dashboard's front door forwards.
import type { RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { makeQuestions } from '../questions/endpoint.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { readQuestionSettings } from '../settings/questions.ts';

/** Pages for the worker's server; undefined where nothing is configured. Wrong settings are logged: readings must not wait for them. */
export function serveQuestions(log: Logger) {
  let settings: ReturnType<typeof readQuestionSettings>;
  try {
    settings = readQuestionSettings();
  } catch (error) {
    log.error({ error: summarizeError(error) }, 'nobody can ask questions');
  }
  if (!settings) return undefined;
  const questions = makeQuestions(settings);
  const listener: RequestListener = async (request, response) => {
    if (request.method !== 'POST') {
      response.writeHead(405, { allow: 'POST' }).end();
      return;
    }
    const { status, headers, body } = await questions.answer(
      {
        authorization: request.headers.authorization ?? null,
        body: Readable.toWeb(request) as ReadableStream<Uint8Array>,
      },
      log,
    );
    response.writeHead(status, headers).end(body);
  };
  return { pages: { 'api/questions': listener }, close: () => questions.close() };
}
