// All checks of `npm run verify`, in the order they are shown.
import type { Check } from './check.ts';
import { exactlyOneRow, republishOneRow } from './delivery.ts';
import { anonymous, crossTenantPublish, crossTenantSubscribe, wrongPassword } from './identity.ts';
import { noPlaintext, strictTls, wrongCa, wrongHost } from './transport.ts';

export const CHECKS: readonly Check[] = [
  strictTls,
  wrongCa,
  wrongHost,
  noPlaintext,
  anonymous,
  wrongPassword,
  crossTenantPublish,
  crossTenantSubscribe,
  exactlyOneRow,
  republishOneRow,
];
