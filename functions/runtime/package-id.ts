// The id of this package. Each trigger has it among its options, which Azure lists as the host read them: a deployment asks
// there what the app runs (ops/deploy/functions.ts).
import { readFileSync } from 'node:fs';

/** Options for a trigger; empty in code that was not built. */
export const ofPackage: { packageId?: string } = read();

function read(): { packageId?: string } {
  try {
    return { packageId: JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')).packageId };
  } catch {
    return {};
  }
}
