// Where in Cloudflare the environment's name is.
import type { StackConfig } from './parse.ts';

/** The ids, which the schema requires of an environment with a domain. */
export function zoneOf({
  environment,
  cloudflareZoneId: zoneId = '',
  cloudflareAccountId: accountId = '',
}: StackConfig) {
  return { environment, zoneId, accountId };
}
