// Runs the checks against a target: first those that need no account, then those with scratch devices.
import { type CheckResult, runChecks } from './check.ts';
import { ACCOUNT_CHECKS, DEVICE_CHECKS, TRANSPORT_CHECKS } from './checks.ts';
import { withContext } from './context.ts';
import type { VerifyTarget } from './target.ts';
import { strictTls } from './transport.ts';

/** Which checks to run, and who is told. */
export interface VerifyOptions {
  /** Identifiers of the checks to run. Default: all. */
  only?: readonly string[];
  /** How long a check waits for an expected event, in milliseconds. Default: 15 s. */
  patienceMs?: number;
  /** Called with each result at once. */
  onResult?: (result: CheckResult) => void;
}

const PATIENCE_MS = 15_000;

/**
 * All results, in order. When strict TLS fails no device could connect, so the checks behind it fail untried.
 * @throws Error when the checks could not be run, such as without the database.
 */
export async function verify(
  target: VerifyTarget,
  { only, patienceMs = PATIENCE_MS, onResult }: VerifyOptions = {},
): Promise<CheckResult[]> {
  const wanted = ({ id }: { id: string }) => !only || only.includes(id);
  const { dashboard } = target;
  const transport = await runChecks(TRANSPORT_CHECKS.filter(wanted), { target }, onResult);
  if (dashboard) transport.push(...(await runChecks(ACCOUNT_CHECKS.filter(wanted), { dashboard }, onResult)));
  const checks = DEVICE_CHECKS.filter(wanted);
  if (checks.length === 0) return transport;
  if (transport.some(({ id, passed }) => id === strictTls.id && !passed)) {
    const untried = checks.map((check) => ({ ...check, run: () => Promise.reject(new Error(UNTRIED)) }));
    return [...transport, ...(await runChecks(untried, { target }, onResult))];
  }
  return [...transport, ...(await withContext(target, patienceMs, (context) => runChecks(checks, context, onResult)))];
}

const UNTRIED = 'not tried: no client that verifies the certificate gets in';
