// All checks of `npm run verify`, in the order they are shown.
import type { Check } from './check.ts';
import type { VerifyContext } from './context.ts';
import { exactlyOneRow, republishOneRow } from './delivery.ts';
import { anonymous, crossTenantPublish, crossTenantSubscribe, wrongPassword } from './identity.ts';
import type { VerifyTarget } from './target.ts';
import { noPlaintext, strictTls, wrongCa, wrongHost } from './transport.ts';

/** What can be seen without an account. */
export const TRANSPORT_CHECKS: readonly Check<{ target: VerifyTarget }>[] = [
  strictTls,
  wrongCa,
  wrongHost,
  noPlaintext,
];

/** What takes scratch devices, which must get through TLS first. */
export const DEVICE_CHECKS: readonly Check<VerifyContext>[] = [
  anonymous,
  wrongPassword,
  crossTenantPublish,
  crossTenantSubscribe,
  exactlyOneRow,
  republishOneRow,
];
