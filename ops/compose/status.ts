// How a Compose project is, for somebody without an account on it.
import { statfsSync } from 'node:fs';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { SERVICE_NAMES } from '../../provisioning/compose/project.ts';
import type { ComposeTarget } from '../target/target.ts';
import { containers } from './health.ts';

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
  const isWell =
    missing.length === 0 && found.every(({ isHealthy }) => isHealthy) && typeof page === 'object' && hasRoom;
  return { lines, isWell };
}

/** The platform's own page: who asks is nobody in particular. @throws Error with what it says, when that is not "ok". */
async function healthPage(target: ComposeTarget): Promise<{ body: string }> {
  const { status, body } = await new Promise<{ status: number; body: string }>((resolve, reject) => {
    const options = { ca: target.secrets.read('ca.crt'), signal: AbortSignal.timeout(PATIENCE_MS) };
    request(target.health(), options, async (answer) =>
      resolve({ status: answer.statusCode ?? 0, body: (await text(answer)).trim() }),
    )
      .on('error', ({ message }) => reject(new Error(`${target.health()} does not answer: ${message}`)))
      .end();
  });
  if (status !== 200) throw new Error(`${target.health()} answers ${status}: ${body.slice(0, 300)}`);
  return { body };
}
