// Moves ingest from one broker account to the next one. The broker names a session after its user, so the new account has a
// session and a queue of its own, and what waits in the old one's must not be left behind.
import { openConnection } from '../broker/index.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import { monotonic, pause, retry } from '../runtime/retry.ts';
import type { Account } from '../settings/ingest.ts';
import { type FormerWatch, watchFormer } from './former-topics.ts';
import { type MqttSessionOptions, mqttSource } from './mqtt-source.ts';
import { runSession, type SessionEnd } from './session.ts';

const SUBSCRIBE_TIMEOUT_MS = 10_000;

/**
 * Subscribes the new account's session, then ends the old one's subscription and drains what waits for it. In this order,
 * so that nothing falls between the two; what is published in the milliseconds when both are subscribed comes twice, and is
 * recognised. Done again it finds nothing to do; done with the two accounts exchanged, it moves back.
 * @param session of the new account. @param previous the old account.
 * @returns `idle` when the old session is empty; else why it is not, and the next run goes on.
 * @throws the error of a write that failed permanently; its messages are still on the broker.
 */
export async function handOver(session: MqttSessionOptions, previous: Account): Promise<SessionEnd> {
  const { settings, database, log } = session;
  const former = await watchFormer(database, log);
  if (!(await subscribe(session, former))) return session.signal.aborted ? 'stopped' : 'broker-unavailable';
  const open = await mqttSource({ ...session, former, settings: { ...settings, ...previous }, leaving: true });
  const end = await runSession({ ...session, open, untilIdle: true });
  log.info({ from: previous.username, to: settings.username, outcome: end }, 'took over from the previous account');
  return end;
}

/** Makes sure that messages are queued for the new session; takes none. False when time is up before. */
async function subscribe(
  { settings, signal, until = Number.POSITIVE_INFINITY, now = monotonic, log }: MqttSessionOptions,
  { filters: former }: FormerWatch,
): Promise<boolean> {
  const connectOnce = async () => {
    // What the broker sends at once is not acknowledged, and sent again when the session is drained.
    const connection = openConnection({ ...settings, former, receiveMaximum: 1, number: 1, onDelivery: () => {}, now });
    const done = new AbortController();
    const late = pause(Math.min(SUBSCRIBE_TIMEOUT_MS, until - now()), AbortSignal.any([signal, done.signal])).then(
      () => {
        throw new Error('the broker did not confirm the subscription in time');
      },
    );
    try {
      await Promise.race([connection.subscribed, late]);
    } finally {
      done.abort();
      await connection.disconnect();
    }
  };
  const subscribing = retry(connectOnce, {
    signal,
    until,
    now,
    onFailure: ({ error, failures, retryInMs }) =>
      log.warn({ error: summarizeError(error), failures, retryInMs }, 'broker not reached, will try again'),
  });
  return subscribing.then(
    () => true,
    () => false,
  );
}
