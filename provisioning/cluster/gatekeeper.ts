// Answers the servers' question whether a client may come in, from the registry file, and ends connections of who may no longer. Several
// may run; each server's question goes to one of them. It keeps nothing: any of them can be killed.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AuthorizationRequest, decode, encodeAuthorizationResponse, encodeUser } from '@nats-io/jwt';
import { fromSeed } from '@nats-io/nkeys';
import { connect, type Msg, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import { DEVICES_ACCOUNT, NOT_RETAINED, RETAINED_STREAM } from '../../domain/cluster.ts';
import { type Accounts, parseRegistry } from './accounts.ts';
import { authorize, connectionName } from './authorize.ts';
import { endConnections } from './connections.ts';
import type { ClusterSeeds } from './keys.ts';
import type { Permissions } from './rights.ts';

/** What a gatekeeper works with. */
export interface GatekeeperOptions {
  /** `host:port` of the servers' client ports. */
  servers: readonly string[];
  /** PEM file of the servers' authority. */
  caFile: string;
  seeds: ClusterSeeds;
  /** As the registry agent writes it; read again when it changes. */
  registryFile: string;
  /** Told of refusals and of a file that is broken. */
  log: (message: string) => void;
}

/** A running one. */
export interface Gatekeeper {
  stop(): Promise<void>;
}

/** How often it looks whether the file has changed. */
const LOOK_EVERY_MS = 250;
/** Who was let in just before a change may be connected only after it: as long as a server waits for an answer, and a second. */
const SWEEP_AGAIN_MS = 6_000;
/** Beyond as many users that are gone, all connections are looked through instead. */
const MANY = 5;
/** How long at most what a device retains takes room. */
const TIDY_EVERY_MS = 5_000;

/** Returns when it answers. @throws Error when the registry file is broken or no server can be reached. */
export async function startGatekeeper(options: GatekeeperOptions): Promise<Gatekeeper> {
  const { registryFile, seeds, log } = options;
  let text = readFileSync(registryFile, 'utf8');
  let accounts = parseRegistry(text);
  const [gate, system, keeper] = await Promise.all([
    join(options, seeds.gate),
    join(options, seeds.system),
    join(options, seeds.keeper),
  ]);
  const ending = new AbortController();
  const { signal } = ending;
  const wait = (ms: number) => sleep(ms, undefined, { signal }).catch(() => {});

  gate.subscribe('$SYS.REQ.USER.AUTH', {
    queue: 'gatekeeper',
    callback: (error, message) => {
      if (error) log(`is not asked: ${error.message}`);
      else respond(message, accounts, seeds, log).catch((failure) => log(`did not answer: ${failure.message}`));
    },
  });
  await gate.flush();

  /** Ends connections twice: who was let in just before may come after the first time. */
  const sweep = async (end: () => Promise<number>) => {
    for (const pause of [0, SWEEP_AGAIN_MS]) {
      await wait(pause);
      if (signal.aborted) return;
      const ended = await end().catch((error: Error) => log(`cannot look for connections to end: ${error.message}`));
      if (ended) log(`ended ${ended} connections`);
    }
  };
  /** Of who is not in the registry, or came with another key; others may have let them in. */
  const sweepAll = () => {
    const names = new Set([...accounts.values()].map(connectionName));
    return endConnections(system, {}, (user) => user.includes('#') && !names.has(user));
  };
  const sweepFormer = async (former: Accounts) => {
    const gone = new Set([...former.values()].map(connectionName));
    for (const account of accounts.values()) gone.delete(connectionName(account));
    // Each question takes as long as the servers' answers may lie apart.
    if (gone.size > MANY) return sweepAll();
    let ended = 0;
    for (const user of gone) ended += await endConnections(system, { user }, (found) => found === user);
    return ended;
  };

  const watch = async () => {
    for (await wait(LOOK_EVERY_MS); !signal.aborted; await wait(LOOK_EVERY_MS)) {
      const former = accounts;
      try {
        const found = readFileSync(registryFile, 'utf8');
        if (found === text) continue;
        text = found;
        accounts = parseRegistry(found);
      } catch (error) {
        log(`the registry stays as it was: ${(error as Error).message}`);
        continue;
      }
      void sweep(() => sweepFormer(former));
    }
  };

  /** Removes what devices have retained. */
  const tidy = async () => {
    for (; !signal.aborted; await wait(TIDY_EVERY_MS)) {
      await keeper
        .request(`$JS.API.STREAM.PURGE.${RETAINED_STREAM}`, JSON.stringify({ filter: NOT_RETAINED }))
        .catch((error: Error) => log(`cannot remove what devices retain: ${error.message}`));
    }
  };

  const watching = [watch(), tidy()];
  void sweep(sweepAll);
  return {
    stop: async () => {
      ending.abort();
      await Promise.all(watching);
      await Promise.all([gate, system, keeper].map((connection) => connection.close()));
    },
  };
}

async function respond(
  message: Msg,
  accounts: Accounts,
  { issuer }: ClusterSeeds,
  log: GatekeeperOptions['log'],
): Promise<void> {
  const { nats: asked } = decode<AuthorizationRequest>(message.string());
  const { user_nkey: user, server_id: server, client_info: client, connect_opts: options } = asked;
  if (!user || !server || !client || !options) throw new Error('a question without a user or a server');
  const signer = fromSeed(new TextEncoder().encode(issuer));
  const answer = await authorize(accounts, {
    username: options.user ?? '',
    password: options.pass ?? '',
    clientId: client.mqtt_id,
  });
  if ('refused' in answer) log(`refused, from ${client.host}: ${answer.refused}`);
  const data =
    'refused' in answer
      ? { error: answer.refused }
      : { jwt: await encodeUser(answer.name, user, signer, claimsOf(answer.permissions), { aud: DEVICES_ACCOUNT }) };
  message.respond(await encodeAuthorizationResponse(user, server.id, signer, data, {}));
}

const claimsOf = ({ publish, subscribe, protocols }: Permissions) => ({
  pub: { allow: publish, deny: [] },
  sub: { allow: subscribe, deny: [] },
  allowed_connection_types: [...protocols],
});

const join = ({ servers, caFile }: GatekeeperOptions, seed: string): Promise<NatsConnection> =>
  connect({
    servers: [...servers],
    authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
    tls: { caFile },
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    pingInterval: 2_000,
    maxPingOut: 2,
  });
