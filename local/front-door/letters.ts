// Letters of the sign-in service where nothing is mailed: files that an operator reads and passes on. Their links let anybody in, so
// they are in no log.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EmailDriver } from '@supabase/lite';

/** Links are good for an hour: lite's otp_expiry. Milliseconds. */
const LIFE_MS = 3_600_000;
/** Anyone who knows addresses can ask for letters: more than these are not kept. */
const MOST = 200;

/** @param folder made where it is missing, for its owner alone. */
export function letterDriver(folder: string, log: (line: string) => void = console.log): EmailDriver {
  return {
    send: async ({ to, subject, text, html }) => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      forgetOld(folder);
      const name = `${new Date().toISOString().replaceAll(':', '-')}-${randomBytes(4).toString('hex')}.txt`;
      const content = `To: ${to}\nSubject: ${subject}\n\n${text ?? html ?? ''}\n`;
      writeFileSync(join(folder, name), content, { mode: 0o600 });
      log(`letters/${name} waits to be passed on`);
    },
  };
}

function forgetOld(folder: string): void {
  const names = readdirSync(folder).sort();
  const surplus = names.slice(0, Math.max(0, names.length - MOST + 1));
  const old = names.filter((name) => statSync(join(folder, name)).mtimeMs < Date.now() - LIFE_MS);
  for (const name of new Set([...surplus, ...old])) rmSync(join(folder, name), { force: true });
}
