// Whether a platform is large enough, and what comes next: what was found in its ledger, held against the model.
import { count } from '../../preview/render/style.ts';
import { PRICES } from '../cost/bill.ts';
import type { Facts } from '../daily/facts.ts';
import { daysLeft, describeRoom, GROW_DAYS } from '../daily/judge.ts';
import { demandOf, type Load, usualLoad } from './demand.ts';
import { type Carrier, describe } from './growth.ts';
import { DATABASES, HEADROOM, type Size } from './sizes.ts';

/** Whether something is large enough, and why. */
export interface Advice {
  what: string;
  advice: 'stay' | 'grow';
  why: string;
}

/** What a platform runs on. */
export interface Setup {
  /** Undefined: not known, as on a machine of somebody's own. */
  broker?: Size;
  ingest: Size;
  /** How long ingest may be away without a loss, hours. */
  outageHours: number;
  /** Bytes that the database may grow to; undefined: not known. */
  room: number | undefined;
  /** It is Supabase's, which has larger ones. */
  isSupabase: boolean;
}

/** @param days that the facts are of. */
export function advise(facts: Facts, { broker, ingest, outageHours, room, isSupabase }: Setup, days: number): Advice[] {
  const { devices, readings, busiestMinute, uses } = facts;
  const bytes = uses.reduce((sum, use) => sum + use.bytes, 0);
  const usual: Load = {
    ...usualLoad(Math.max(1, devices)),
    messagesPerMinute: readings.received / (days * 24 * 60) / Math.max(1, devices),
    outageHours,
  };
  if (bytes > 0 && readings.stored > 0) usual.messageBytes = bytes / readings.stored;
  // A queue fills for hours: at the usual rate. Processor time is needed at once.
  const busy: Load = { ...usual, messagesPerMinute: busiestMinute / usual.devices, outageHours: 0 };
  const all: Advice[] = [{ what: 'database', ...adviseDatabase(facts, usual, room, isSupabase) }];
  all.push({
    what: 'ingest',
    ...judge(describe('ingest', ingest, busy), `busiest minute ${count(busiestMinute, 'reading')}, `),
  });
  if (broker) {
    const [waiting, working] = [describe('broker', broker, usual), describe('broker', broker, busy)];
    all.push({ what: 'broker', ...judge(waiting.use.share > working.use.share ? waiting : working, '') });
  }
  return all;
}

/** @param found what is said first. */
function judge({ size, use, next, enoughUntil }: Carrier, found: string): Omit<Advice, 'what'> {
  const percent = use.share < 0.01 ? 'less than 1' : Math.ceil(use.share * 100);
  const then = use.of === 'connections' ? ', then a larger brokerMaxConnections' : next ? `, then ${next.name}` : '';
  const until = enoughUntil >= 1e9 ? 'any number of' : enoughUntil.toLocaleString('en-US');
  return {
    advice: use.share > HEADROOM ? 'grow' : 'stay',
    why: `${found}${percent} % of the ${use.of} of ${size.name}; enough until ${until} devices like these${then}`,
  };
}

function adviseDatabase(
  { database }: Facts,
  load: Load,
  room: number | undefined,
  isSupabase: boolean,
): Omit<Advice, 'what'> {
  const mustGrow = room !== undefined && (database.bytes > room * HEADROOM || daysLeft(database, room) < GROW_DAYS);
  const demand = demandOf(load);
  const full = { ...demand, database: { ...demand.database, bytes: room ?? 0 } };
  const next =
    room !== undefined && isSupabase ? DATABASES.find((size) => size.shares(full).size! <= HEADROOM) : undefined;
  const then = next ? `; then ${next.name}, about ${next.usd(full).toFixed(0)} ${PRICES.currency} a month` : '';
  return { advice: mustGrow ? 'grow' : 'stay', why: describeRoom(database, room) + then };
}
