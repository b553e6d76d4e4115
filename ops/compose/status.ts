// How a Compose project is, for somebody without an account on it.
import { statfsSync } from 'node:fs';
import { SERVICE_NAMES } from '../../provisioning/compose/project.ts';
import type { ComposeTarget } from '../target/target.ts';
import { containers } from './health.ts';
import { hasSources } from './sources.ts';

/** Part of the disk that must be free. */
const FREE_SHARE = 0.1;
const PATIENCE_MS = 10_000;

/** @returns lines for people, and whether all is well. */
export async function statusOf(target: ComposeTarget): Promise<{ lines: string[]; isWell: boolean }> {
  const found = containers();
  const missing = SERVICE_NAMES.filter((name) => !found.some(({ service }) => service === name));
  const lines = [
    `release ${target.project.release('current') ?? 'none'}`,
    ...found.map(({ service, status, isHealthy }) => `${isHealthy ? 'ok  ' : 'BAD '} ${service.padEnd(10)} ${status}`),
    ...missing.map((name) => `BAD  ${name.padEnd(10)} has no container`),
  ];
  const page = await healthPage(target).catch((error: Error) => error.message);
  lines.push(`${typeof page === 'object' ? 'ok  ' : 'BAD '} platform   ${typeof page === 'object' ? page.body : page}`);
  const { bavail, blocks } = statfsSync(target.project.folder);
  const hasRoom = bavail > blocks * FREE_SHARE;
  lines.push(`${hasRoom ? 'ok  ' : 'BAD '} disk       ${Math.round((100 * bavail) / blocks)}% free`);
  const areBounded = hasSources();
  lines.push(
    areBounded
      ? 'ok   sources    each has its limits'
      : 'BAD  sources    nothing bounds what one address takes: npm run ops -- compose start; docs/on-premises.md',
  );
  const isWell =
    areBounded &&
    missing.length === 0 &&
    found.every(({ isHealthy }) => isHealthy) &&
    typeof page === 'object' &&
    hasRoom;
  return { lines, isWell };
}

/** The platform's own page: who asks is nobody in particular. @throws Error with what it says, when that is not "ok". */
async function healthPage(target: ComposeTarget): Promise<{ body: string }> {
  const url = target.health();
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch((error: Error) => {
    throw new Error(`${url} does not answer: ${(error.cause as Error | undefined)?.message ?? error.message}`);
  });
  const body = (await answer.text()).trim();
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}: ${body.slice(0, 300)}`);
  return { body };
}
