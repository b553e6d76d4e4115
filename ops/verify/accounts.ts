// Checks of how people get in: the auth service, as the dashboard reaches it.
import { authOfDashboard, CLOSE_SIGN_UPS, judgeAuth } from '../auth-service.ts';
import { type Check, fail } from './check.ts';

/** Only confirmed addresses get in, and mailed links end on the dashboard. Open sign-ups are reported, not refused. */
export const authService: Check<{ dashboard: string }> = {
  id: 'auth-service',
  title: 'The auth service confirms addresses, and its links lead here',
  run: async ({ dashboard }) => {
    const { problems, isOpen } = await judgeAuth(await authOfDashboard(dashboard), dashboard);
    if (problems.length > 0) fail(problems.map(({ seen, remedy }) => `${seen}: ${remedy}`).join('; '));
    return isOpen ? `anyone can create an account: ${CLOSE_SIGN_UPS}` : 'sign-ups are closed';
  },
};
