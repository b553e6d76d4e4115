// How the platform looks from outside, without its database: its health page, and the certificate that the broker serves.
import { probe } from '../certificate/probe.ts';
import { judge, type Status } from '../certificate/status.ts';
import type { Target } from '../target/target.ts';

/** Each is what was found, or why nothing was. */
export interface Outside {
  /** By part: "ok", or what is wrong. */
  health: Record<string, string> | Error;
  certificate: Status | Error;
}

/** The page itself answers within 4 seconds; an app that was asleep needs some to wake. */
const TIMEOUT_MS = 10_000;

/** Looks at both at once. Never throws. */
export async function lookOutside(target: Target): Promise<Outside> {
  const [health, certificate] = await Promise.all([
    askHealth(target).catch((error: Error) => error),
    askCertificate(target).catch((error: Error) => error),
  ]);
  return { health, certificate };
}

async function askHealth(target: Target): Promise<Record<string, string>> {
  const url = target.health();
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' }).catch(
    (error: Error) => {
      const { cause, name, message } = error as Error & { cause?: { code?: string } };
      throw new Error(
        `${url}: ${name === 'TimeoutError' ? `no answer within ${TIMEOUT_MS / 1000} s` : (cause?.code ?? message)}`,
      );
    },
  );
  const page = (await answer.json().catch(() => undefined)) as { checks?: Record<string, string> } | undefined;
  if (!page?.checks) throw new Error(`${url}: answered ${answer.status}, not with the health page`);
  return page.checks;
}

async function askCertificate(target: Target): Promise<Status> {
  const broker = target.broker();
  return judge(await probe(broker), broker, Date.now());
}
