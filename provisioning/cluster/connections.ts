// Ends connections of users who may no longer be there, on every server.
import type { NatsConnection } from '@nats-io/transport-node';
import { DEVICES_ACCOUNT } from '../../domain/cluster.ts';

/** A connection, as a server tells of it. */
interface Connection {
  cid: number;
  authorized_user?: string;
}

interface Answer {
  server: { id: string };
  data?: { connections?: Connection[]; total: number; offset: number };
}

/** How long to wait for what each server answers. */
const ANSWER_MS = 2_000;
const PAGE = 1_024;

/**
 * Ends each connection that `isGone` names. @param filter connections to ask for; `user` is one's exact name. Default: all.
 * @returns how many it ended. @throws Error when no server answers.
 */
export async function endConnections(
  system: NatsConnection,
  filter: { user?: string },
  isGone: (user: string) => boolean,
): Promise<number> {
  let ended = 0;
  for (let offset = 0; ; offset += PAGE) {
    const question = { auth: true, acc: DEVICES_ACCOUNT, offset, limit: PAGE, ...filter };
    const answers = await system.requestMany('$SYS.REQ.SERVER.PING.CONNZ', JSON.stringify(question), {
      strategy: 'stall',
      stall: 300,
      maxWait: ANSWER_MS,
    });
    let isMore = false;
    for await (const message of answers) {
      const { server, data } = message.json<Answer>();
      const connections = data?.connections ?? [];
      isMore ||= connections.length === PAGE;
      for (const { cid, authorized_user } of connections) {
        if (authorized_user === undefined || !isGone(authorized_user)) continue;
        await system.request(`$SYS.REQ.SERVER.${server.id}.KICK`, JSON.stringify({ cid }), { timeout: ANSWER_MS });
        ended += 1;
      }
    }
    // Those that were ended leave a gap, into which the next ones move: the next sweep gets what this one skips.
    if (!isMore) break;
  }
  return ended;
}
