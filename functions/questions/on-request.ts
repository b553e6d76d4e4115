// What the Function App's HTTP trigger calls.
import { createInvocationLogger, type InvocationLog } from '../runtime/invocation-log.ts';
import { type QuestionSettings, readQuestionSettings } from '../settings/questions.ts';
import { makeQuestions, type QuestionAnswer, type QuestionRequest, type Questions } from './endpoint.ts';

let made: { questions: Questions; settings: QuestionSettings } | undefined;

/** One answer. The first request of an instance reads the settings. @throws SettingsError. */
export function answerOnRequest(request: QuestionRequest, context: InvocationLog): Promise<QuestionAnswer> {
  if (!made) {
    const settings = readQuestionSettings();
    if (!settings) throw new Error('QUESTIONS_URL is not set');
    made = { settings, questions: makeQuestions(settings) };
  }
  return made.questions.answer(request, createInvocationLogger('questions', made.settings, context));
}
