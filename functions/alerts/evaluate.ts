// A round of alert evaluation: a transaction for some rules of one tenant, each with its own time limit, the least recently
// tried first. What a rule means, and how far each has been judged, is in the database.

import pg from 'pg';
import type { Database } from '../database/connection.ts';
import { classify } from '../database/sqlstate.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';

/** Rules of a tenant that are judged in one transaction. */
const RULES_A_TURN = 20;
/** What a turn may take on the server, in milliseconds; a turn that takes longer is tried again rule by rule. */
const TURN_MS = 4_000;
/** What a tenant's rules may take of a round. */
const TENANT_MS = 10_000;
/** The next round is due a minute after this one began. */
const ROUND_MS = 40_000;

/** What a round did, in rules, and how many alerts it opened or resolved. */
export interface Round {
  judged: number;
  changed: number;
  /** Failed or took too long; the database notes why, for the tenant to see. */
  failed: number;
  /** Left for the next round, which begins with them. */
  left: number;
}

interface Turn {
  tenant_id: string;
  rule_ids: string[];
  asked_at: Date;
}

/**
 * Opens and resolves alerts. Several callers may run it at once.
 * @param now in milliseconds. @param mostMs no turn begins later in the round than this.
 * @throws database errors that are no rule's fault; what was judged until then stays.
 */
export async function evaluateAlerts(
  database: Database,
  log: Logger,
  now: () => number = () => performance.now(),
  mostMs = ROUND_MS,
): Promise<Round> {
  const { rows: turns } = await database.query<Turn>('select * from ingest.due_rules($1)', [RULES_A_TURN]);
  const round = { judged: 0, changed: 0, failed: 0, left: 0 };
  const spent = new Map<string, number>();
  const end = now() + mostMs;
  // It grows: the rules of a turn that fails are tried one by one, after everybody else's.
  for (const turn of turns) {
    const { tenant_id: tenant, rule_ids: rules } = turn;
    const before = now();
    const tenantMs = spent.get(tenant) ?? 0;
    if (before >= end || tenantMs >= TENANT_MS) {
      round.left += rules.length;
      continue;
    }
    try {
      const { judged, changed } = await judge(database, turn);
      round.judged += judged;
      // Its time was over before the others' turn. Those that were judged since it was asked for are not judged again.
      if (judged > 0 && judged < rules.length) turns.push(turn);
      round.changed += changed;
    } catch (error) {
      if (isHeldUp(error)) {
        round.left += rules.length;
        continue;
      }
      if (!isRulesFault(error)) throw error;
      const isOne = rules.length === 1;
      if (isOne) {
        round.failed += 1;
        log.warn({ rule: rules[0], tenant, error: summarizeError(error) }, 'alert rule not judged');
      } else turns.push(...rules.map((rule) => ({ ...turn, rule_ids: [rule] })));
      await database.query('select ingest.note_unjudged($1::uuid[], $2)', [rules, isOne ? problemOf(error) : null]);
    }
    spent.set(tenant, tenantMs + now() - before);
  }
  if (round.left > 0) log.warn(round, 'alert rules left for the next round');
  else if (round.changed > 0) log.info(round, 'alerts opened or resolved');
  return round;
}

/** Of the time, all rounds together: with many rules they come less often, but once a minute at least. */
const MOST_SHARE = 0.05;
const LONGEST_REST_MS = 50_000;

/** When the next round on a connection may begin. */
const rests = new WeakMap<Database, number>();

/** A round, unless the previous one took so long that the database needs a rest. */
export async function evaluateAlertsSparingly(
  database: Database,
  log: Logger,
  remainingMs: () => number,
  now: () => number = () => performance.now(),
): Promise<void> {
  const began = now();
  if (began < (rests.get(database) ?? began)) return;
  try {
    await evaluateAlerts(database, log, now, remainingMs());
  } finally {
    rests.set(database, now() + Math.min((now() - began) * (1 / MOST_SHARE - 1), LONGEST_REST_MS));
  }
}

function judge(database: Database, { rule_ids: rules, asked_at: since }: Turn) {
  return database.transaction(`set local statement_timeout = ${TURN_MS}`, async (client) => {
    const { rows } = await client.query<{ judged: number; changed: number }>(
      'select * from ingest.judge_rules($1::uuid[], $2)',
      [rules, since],
    );
    return rows[0] as { judged: number; changed: number };
  });
}

/** lock_not_available, deadlock_detected: a person's change holds rows that the turn needs. */
const isHeldUp = (error: unknown) =>
  error instanceof pg.DatabaseError && (error.code === '55P03' || error.code === '40P01');

/** query_canceled: by the statement timeout. */
const TOO_SLOW = '57014';

/** Too slow, or its data cannot be calculated with. A database that is away, or lacks a function, is not a rule's fault. */
const isRulesFault = (error: unknown) =>
  error instanceof pg.DatabaseError && (error.code === TOO_SLOW || classify(error) === 'data');

/** For people of the tenant. */
const problemOf = (error: unknown) =>
  (error as pg.DatabaseError).code === TOO_SLOW
    ? `it took longer than ${TURN_MS / 1000} seconds`
    : 'its readings could not be calculated with';
