// Checks of the door that people come in by: the auth service, as the dashboard reaches it.
import { authOfDashboard, CLOSE_SIGN_UPS, judgeAuth } from '../auth-service.ts';
import { type Check, fail } from './check.ts';

/** Nobody is let in whose address is not proved, and mailed links end on the dashboard. Open sign-ups are said, not refused. */
export const authService: Check<{ dashboard: string }> = {
  id: 'auth-service',
  title: 'The auth service proves addresses, its links lead here',
  run: async ({ dashboard }) => {
    const { problems, isOpen } = await judgeAuth(await authOfDashboard(dashboard), dashboard);
    if (problems.length > 0) fail(problems.map(({ seen, remedy }) => `${seen}: ${remedy}`).join('; '));
    return isOpen ? `anybody can make an account: ${CLOSE_SIGN_UPS}` : 'sign-ups are closed';
  },
};
