// The timers' twins: `POST /api/run/<timer>` does what the timer would, for who has the key. All timers of a Flex Consumption app have
// stopped permanently after a deployment while HTTP went on (Azure/azure-functions-host#11828); the broker machine notices and calls.
import { createHash, timingSafeEqual } from 'node:crypto';
import { ingestOnTimer } from '../ingest/on-timer.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { InvocationLog } from '../runtime/invocation-log.ts';
import { monotonic } from '../runtime/retry.ts';
import { readTwinKey } from '../settings/twin.ts';
import { everyMinute } from './every-minute.ts';

/** A request, as far as it matters. */
export interface TwinRequest {
  name: string | undefined;
  authorization: string | null;
}

/** The answer. 401 has no body. */
export interface TwinAnswer {
  status: number;
  jsonBody?: object;
}

type Run = (context: InvocationLog, environment?: NodeJS.ProcessEnv) => Promise<{ outcome: string }>;
/** What each does; `skipped` when another run is under way. */
const RUNS: Record<string, Run> = { mqtt_ingest: ingestOnTimer, every_minute: everyMinute };

/** Who has the key gets one run of a kind in this time, in milliseconds. The timers run once a minute. */
const APART_MS = 20_000;
const begun = new Map<string, number>();

/**
 * Runs a timer's work: 200 done, 401 no key, 404 no such timer, 409 a run is under way, 429 too soon, 500 failed (the log says why).
 * @param environment Default: the process's own.
 */
export async function answerTwin(
  { name = '', authorization }: TwinRequest,
  context: InvocationLog,
  environment?: NodeJS.ProcessEnv,
): Promise<TwinAnswer> {
  if (!isKey(authorization, readTwinKey(environment))) return { status: 401 };
  const run = Object.hasOwn(RUNS, name) ? RUNS[name] : undefined;
  if (!run) return { status: 404, jsonBody: { timers: Object.keys(RUNS) } };
  if (monotonic() - (begun.get(name) ?? Number.NEGATIVE_INFINITY) < APART_MS) return { status: 429 };
  begun.set(name, monotonic());
  try {
    const { outcome } = await run(context, environment);
    return { status: STATUS[outcome] ?? 200, jsonBody: { outcome } };
  } catch (error) {
    context.error(JSON.stringify({ timer: name, error: summarizeError(error), msg: 'called, and failed' }));
    return { status: 500, jsonBody: { outcome: 'failed' } };
  }
}

const STATUS: Record<string, number> = { skipped: 409, failed: 500 };

/** Takes the same time for every wrong key. */
function isKey(authorization: string | null, key: string | undefined): boolean {
  if (key === undefined) return false;
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(authorization ?? ''), hash(`Bearer ${key}`));
}
