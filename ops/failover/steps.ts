// A fail-over in steps. Each looks at how things are, not at what an earlier run did: interrupted anywhere and run again, it goes on from
// there. Going back is the same, with the other machine.
import { setTimeout as sleep } from 'node:timers/promises';
import { withConnection } from '../../provisioning/database/connect.ts';
import type { Environment, Role } from './environment.ts';
import { whyNotServing } from './probe.ts';

/** One step. */
export interface Step {
  /** The state that it brings about. */
  title: string;
  isDone(): Promise<boolean>;
  /** @throws Error that says what is wrong. */
  carryOut(): Promise<void>;
}

/** A name server may answer for the record's TTL with what it had before, and this much longer if it asked just before the change. */
const RESOLVE_MARGIN_MS = 30_000;
const POLL_MS = 500;

/**
 * What is desired of devices is retained on the broker that they left, and nowhere else: the control loop publishes it again, to the name,
 * and so to the new one. Device by device in order, as every other change of several.
 */
const PUBLISH_AGAIN = `
  with due as (
    select tenant_id, device_id from public.device_state where desired is not null
    order by tenant_id, device_id for no key update)
  update public.device_state as s set published_at = null, published_version = 0, next_at = now()
  from due where s.tenant_id = due.tenant_id and s.device_id = due.device_id`;

/** The steps that lead devices to a machine. */
export function stepsTo(role: Role, environment: Environment): Step[] {
  const { target, brokerHost, machines, database, record, resolve } = environment;
  const { address } = machines[role];
  const answers = async () => (await resolve(brokerHost).catch((): string[] => [])).includes(address);
  return [
    {
      title: `the ${role} answers as ${brokerHost}`,
      isDone: async () => (await whyNotServing(environment, role, brokerHost)) === undefined,
      carryOut: async () => {
        const why = await whyNotServing(environment, role, brokerHost);
        if (why) throw new Error(`the ${role} takes no device: ${why}. Nothing was changed`);
      },
    },
    {
      // First: a deployment by somebody else would otherwise lead the name back.
      title: `${target} is configured so that deployments lead ${brokerHost} to the ${role}`,
      isDone: async () => environment.configured() === role,
      carryOut: () => environment.configure(role),
    },
    {
      title: `the record of ${brokerHost} is ${address}`,
      isDone: async () => (await record.read()).address === address,
      carryOut: () => record.write(address),
    },
    {
      title: `${brokerHost} is ${address} for this computer's name server`,
      isDone: answers,
      carryOut: async () => {
        const patienceMs = (await record.read()).ttl * 1_000 + RESOLVE_MARGIN_MS;
        const deadline = Date.now() + patienceMs;
        while (!(await answers())) {
          if (Date.now() > deadline)
            throw new Error(
              `${brokerHost} is still another address after ${patienceMs / 1_000} s, although the record is ${address}. Ask another name server; then run this again`,
            );
          await sleep(POLL_MS);
        }
      },
    },
    {
      title: `what is desired of devices is published again, to the ${role}`,
      // Nothing notes it, and once more harms no device: it gets what is desired whenever it subscribes.
      isDone: async () => false,
      carryOut: () => withConnection(database, async (client) => void (await client.query(PUBLISH_AGAIN))),
    },
  ];
}
