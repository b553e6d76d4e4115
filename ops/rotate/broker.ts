// A rotation's questions to the broker about an account of ingest. The broker names a session after its user, so signing in with the
// account means using ingest's session: nothing here acknowledges a message.
import mqtt from 'mqtt';
import {
  BrokerRefusal,
  type Connection,
  type FormerFilters,
  NO_FORMER,
  openConnection,
} from '../../functions/broker/index.ts';
import type { Account, Environment } from './environment.ts';

/** The broker sends queued messages at once. */
const QUIET_MS = 1500;

/** Whether the broker accepts the account. Ingest must not be signed in with it: its connection would be taken over. */
export async function isAccepted(broker: Environment['broker'], account: Account): Promise<boolean> {
  const { connection } = signIn(broker, account);
  return outcome(broker, connection);
}

/**
 * Makes the broker queue messages for the account from now on. Takes over ingest's connection; ingest reconnects by itself.
 * @param former what ingest subscribes to in addition to the platform's own topics.
 */
export async function subscribe(broker: Environment['broker'], account: Account, former: FormerFilters): Promise<void> {
  const { connection } = signIn(broker, account, 'make', former);
  if (!(await outcome(broker, connection))) throw new Error(`the broker refuses ${account.username}`);
}

/** Undefined if nothing waits in the account's session. Received messages are not acknowledged, so they stay there. */
export async function whyNotDrained(broker: Environment['broker'], account: Account): Promise<string | undefined> {
  const { connection, received, first } = signIn(broker, account);
  await Promise.race([connection.ended, first, new Promise((resolve) => setTimeout(resolve, QUIET_MS))]);
  if (!(await outcome(broker, connection))) return 'the broker refuses it';
  return received() === 0 ? undefined : 'ingest has not emptied its queue';
}

/** Removes the account's session from the broker, with all its messages. */
export async function removeSession({ host, port, ca }: Environment['broker'], account: Account): Promise<void> {
  const options = { username: account.username, password: account.key, ca, clean: true, reconnectPeriod: 0 };
  // MQTT 5.0, 3.1.2.11.2: a session without an expiry interval ends with its connection.
  const client = await mqtt.connectAsync(`mqtts://${host}:${port}`, { ...options, protocolVersion: 5 }, false);
  await client.endAsync();
}

function signIn(
  { host, port, ca }: Environment['broker'],
  { username, key }: Account,
  subscription: 'make' | 'keep' = 'keep',
  former: FormerFilters = NO_FORMER,
) {
  let count = 0;
  const first = Promise.withResolvers<void>();
  const connection = openConnection({
    broker: { host, port, tls: true },
    username,
    password: key,
    ca,
    clientId: username,
    number: 1,
    subscription,
    receiveMaximum: 1,
    former: () => former,
    now: Date.now,
    onDelivery: () => {
      count += 1;
      first.resolve();
    },
  });
  return { connection, received: () => count, first: first.promise };
}

/** True if the broker accepted it, false if it refused. @throws Error if the broker could not be asked. */
async function outcome({ host, port }: Environment['broker'], connection: Connection): Promise<boolean> {
  try {
    await connection.subscribed;
    return true;
  } catch (error) {
    if (error instanceof BrokerRefusal) return false;
    throw new Error(`the broker at ${host}:${port} cannot be asked: ${(error as Error).message}`);
  } finally {
    await connection.disconnect();
  }
}
