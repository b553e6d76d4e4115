// Checks of who may connect, and to which topics. Each refusal is shown by what is delivered, next to a case that is allowed.
import { randomUUID } from 'node:crypto';
import { devicePrefix, TELEMETRY_FILTER, telemetryTopic } from '../../domain/topics.ts';
import { type Check, eventually, fail } from './check.ts';
import { type Credentials, credentialsOf, isRefusal, type VerifyContext } from './context.ts';

/** No user name, no connection. */
export const anonymous: Check<VerifyContext> = {
  id: 'anonymous-refused',
  title: 'A client without a user name is refused',
  run: (context) => refused(context, {}),
};

/** The right user name with another key is refused, and with the right key it is accepted. */
export const wrongPassword: Check<VerifyContext> = {
  id: 'wrong-password-refused',
  title: 'A wrong key is refused, the right one accepted',
  run: async (context) => {
    const { a, b, connect } = context;
    await (await connect(credentialsOf(a))).endAsync();
    return refused(context, { username: a.username, password: b.password });
  },
};

/** What tenant A publishes under tenant B's prefix is never delivered; what B publishes there right after is stored. */
export const crossTenantPublish: Check<VerifyContext> = {
  id: 'cross-tenant-publish-refused',
  title: "A device cannot publish as another tenant's device",
  run: async ({ a, b, connect, rows, patienceMs }) => {
    const [forged, honest] = [randomUUID(), randomUUID()];
    const topic = telemetryTopic(b.tenant, b.device);
    const [clientA, clientB] = [await connect(credentialsOf(a)), await connect(credentialsOf(b))];
    await clientA.publishAsync(topic, reading(forged), { qos: 1 }).catch(() => {});
    await clientB.publishAsync(topic, reading(honest), { qos: 1 });
    const ids = await eventually("the owner's own reading arriving", patienceMs, async () => {
      const seen = (await rows(b)).map((row) => row.message_id);
      return seen.includes(honest) ? seen : undefined;
    });
    if (ids.includes(forged)) fail("a reading published by another tenant is in this tenant's rows");
    return "the owner's reading arrived, the forged one before it did not";
  },
};

/** Tenant A's subscriptions to B's topics and to everything get nothing, while A's own commands reach it. */
export const crossTenantSubscribe: Check<VerifyContext> = {
  id: 'cross-tenant-subscribe-refused',
  title: "A device cannot read another tenant's topics",
  run: async (context) => {
    const { a, b, connect, rows, patienceMs } = context;
    const [clientA, clientB] = [await connect(credentialsOf(a)), await connect(credentialsOf(b))];
    const received: string[] = [];
    clientA.on('message', (topic) => received.push(topic));
    const filters = ['#', `${devicePrefix(b.tenant, b.device)}/#`, TELEMETRY_FILTER];
    // The broker's file ACL grants every SUBSCRIBE and filters deliveries, so the answer says nothing.
    await clientA.subscribeAsync(filters, { qos: 1 }).catch(() => {});
    const id = randomUUID();
    await clientB.publishAsync(telemetryTopic(b.tenant, b.device), reading(id), { qos: 1 });
    await eventually('the reading arriving at ingest', patienceMs, async () =>
      (await rows(b)).some((row) => row.message_id === id) ? true : undefined,
    );
    await ownCommandArrives(context, received);
    const foreign = received.filter((topic) => !topic.startsWith(`${devicePrefix(a.tenant, a.device)}/`));
    if (foreign.length > 0) fail(`delivered to another tenant's device: ${foreign.join(', ')}`);
    return 'ingest received the reading, the other tenant did not; its own command reached it';
  },
};

/** The allowed case: a command from the control account arrives on the same connection. */
async function ownCommandArrives(
  { a, connect, control, patienceMs }: VerifyContext,
  received: string[],
): Promise<void> {
  const topic = `${devicePrefix(a.tenant, a.device)}/commands/verify`;
  const controller = await connect(control);
  await controller.publishAsync(topic, '{}', { qos: 1 });
  await eventually("the device's own command arriving", patienceMs, async () =>
    received.includes(topic) ? true : undefined,
  );
}

const reading = (id: string) => JSON.stringify({ id, ts: new Date().toISOString(), verify: true });

async function refused({ connect }: VerifyContext, credentials: Partial<Credentials>): Promise<string> {
  const outcome = await connect(credentials).catch((error: Error) => error);
  if (!(outcome instanceof Error)) fail('the broker accepted the connection');
  if (!isRefusal(outcome)) fail(`refused for another reason: ${outcome.message}`);
  return outcome.message;
}
