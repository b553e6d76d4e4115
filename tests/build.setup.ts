// Builds the functions once before any test: tests run the bundle that is deployed, not the sources.
import { buildFunctions } from '../provisioning/functions/build.ts';

export async function setup(): Promise<void> {
  await buildFunctions();
}
