// What a fail-over works on: two broker machines, and the name that leads to one of them.
import { Resolver } from 'node:dns/promises';
import type { DatabaseAccess } from '../../provisioning/database/connect.ts';
import { NAMESPACE } from '../../stacks/configuration/parse.ts';
import { runHere } from '../run-here.ts';
import type { StackTarget } from '../target/target.ts';
import { type AddressRecord, cloudflareRecord } from './cloudflare.ts';

/** A broker machine. */
export type Role = 'primary' | 'standby';

/** A broker machine's own name, which always leads to it, and its address. */
export interface Machine {
  host: string;
  address: string;
}

/** What the steps of a fail-over look at and change. */
export interface Environment {
  /** Its name for `--target`. */
  target: string;
  /** The name that devices use. */
  brokerHost: string;
  /** Port of MQTT over TLS. */
  port: number;
  /** PEM of the CA to trust; undefined: the public ones. */
  ca: string | undefined;
  machines: Record<Role, Machine>;
  /** The database, with a role that may change devices' states. */
  database: DatabaseAccess;
  /** The machine that the next deployment leads the name to. */
  configured(): Role;
  configure(role: Role): Promise<void>;
  /** The name's record. */
  record: AddressRecord;
  /** The addresses that this computer's name server gives for a name. */
  resolve(name: string): Promise<string[]>;
}

/** @throws Error that says what to set, or that the stack has no standby. */
export function stackEnvironment(stack: StackTarget, env: NodeJS.ProcessEnv = process.env): Environment {
  const { name: target } = stack;
  const { brokerHost, brokerMachines } = stack.outputs();
  if (!brokerMachines)
    throw new Error(
      `stack ${target} has no standby broker: set ${NAMESPACE}:standbyBroker, then pulumi up --stack ${target} (docs/runbooks/broker-failover.md)`,
    );
  const { cloudflareZoneId = '' } = stack.config();
  const broker = stack.broker();
  return {
    target,
    brokerHost,
    port: broker.port,
    ca: broker.ca,
    machines: brokerMachines,
    database: stack.database(),
    configured: () => stack.config().activeBroker,
    configure: (role) =>
      runHere(
        'pulumi',
        ['config', 'set', `${NAMESPACE}:activeBroker`, role, '--stack', target],
        'Run it again, then the fail-over: it continues from here',
      ),
    record: cloudflareRecord(cloudflareZoneId, brokerHost, env),
    resolve: (name) => new Resolver({ timeout: 2_000, tries: 2 }).resolve4(name),
  };
}
