// All checks of `npm run verify`, in the order they are shown.
import { authOfDashboard, CLOSE_SIGN_UPS, judgeAuth } from '../auth-service.ts';
import { type Check, fail } from './check.ts';
import type { VerifyContext } from './context.ts';
import { exactlyOneRow, freshCanary, republishOneRow } from './delivery.ts';
import { anonymous, crossTenantPublish, crossTenantSubscribe, wrongPassword } from './identity.ts';
import { opensshFloor } from './packages.ts';
import type { VerifyTarget } from './target.ts';
import { noPlaintext, strictTls, wrongCa, wrongHost } from './transport.ts';

/** Checks that need no account. */
export const TRANSPORT_CHECKS: readonly Check<{ target: VerifyTarget }>[] = [
  strictTls,
  wrongCa,
  wrongHost,
  noPlaintext,
  opensshFloor,
];

/** Nobody is let in whose address is not proved, and mailed links end on the dashboard. Open sign-ups are said, not refused. */
const authService: Check<{ dashboard: string }> = {
  id: 'auth-service',
  title: 'The auth service proves addresses, its links lead here',
  run: async ({ dashboard }) => {
    const { problems, isOpen } = await judgeAuth(await authOfDashboard(dashboard), dashboard);
    if (problems.length > 0) fail(problems.map(({ seen, remedy }) => `${seen}: ${remedy}`).join('; '));
    return isOpen ? `anybody can make an account: ${CLOSE_SIGN_UPS}` : 'sign-ups are closed';
  },
};

/** Where there is a dashboard of a deployed stack: the local platform has a stand-in for the auth service. */
export const ACCOUNT_CHECKS: readonly Check<{ dashboard: string }>[] = [authService];

/** Checks with scratch devices, which need TLS to work first. */
export const DEVICE_CHECKS: readonly Check<VerifyContext>[] = [
  anonymous,
  wrongPassword,
  crossTenantPublish,
  crossTenantSubscribe,
  exactlyOneRow,
  republishOneRow,
  freshCanary,
];
