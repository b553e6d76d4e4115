// All checks of `npm run verify`, in the order they are shown.
import { authService } from './accounts.ts';
import type { Check } from './check.ts';
import type { VerifyContext } from './context.ts';
import { exactlyOneRow, republishOneRow } from './delivery.ts';
import { anonymous, crossTenantPublish, crossTenantSubscribe, wrongPassword } from './identity.ts';
import { opensshFloor } from './packages.ts';
import type { VerifyTarget } from './target.ts';
import { noPlaintext, strictTls, wrongCa, wrongHost } from './transport.ts';

/** What can be seen without an account. */
export const TRANSPORT_CHECKS: readonly Check<{ target: VerifyTarget }>[] = [
  strictTls,
  wrongCa,
  wrongHost,
  noPlaintext,
  opensshFloor,
];

/** Where there is a dashboard of a deployed stack: the local platform has a stand-in for the auth service. */
export const ACCOUNT_CHECKS: readonly Check<{ dashboard: string }>[] = [authService];

/** What takes scratch devices, which must get through TLS first. */
export const DEVICE_CHECKS: readonly Check<VerifyContext>[] = [
  anonymous,
  wrongPassword,
  crossTenantPublish,
  crossTenantSubscribe,
  exactlyOneRow,
  republishOneRow,
];
