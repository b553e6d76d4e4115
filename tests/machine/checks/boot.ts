// The first boot did what it should, and said so.
import { type Check, expect } from '../machine.ts';

export const checks: Check[] = [
  {
    name: 'cloud-init is done, without a warning',
    run: async ({ exec }) => {
      const { stdout } = await exec('cloud-init status --wait --long');
      expect(/^status: done$/m.test(stdout), stdout);
      const { stdout: log } = await exec(
        "grep -E ' - (WARNING|ERROR|CRITICAL)|\\[(WARNING|ERROR|CRITICAL)\\]|Traceback' /var/log/cloud-init.log",
      );
      expect(log === '', log);
      return undefined;
    },
  },
  {
    name: 'the user data is valid',
    run: async ({ exec }) => {
      const { code, stdout, stderr } = await exec('cloud-init schema --system');
      expect(code === 0, stdout + stderr);
      return undefined;
    },
  },
  {
    name: 'no unit failed',
    run: async ({ exec }) => {
      const { stdout } = await exec('systemctl --failed --no-legend --plain');
      expect(stdout === '', stdout);
      return undefined;
    },
  },
  {
    name: 'the cloud was asked only what the machine may ask at its first boot',
    run: async ({ services: { journal } }) => {
      expect(journal.requests.length > 0, 'it was asked nothing at all');
      expect(journal.refused.length === 0, journal.refused.join('\n'));
      return `${journal.requests.length} requests`;
    },
  },
];
