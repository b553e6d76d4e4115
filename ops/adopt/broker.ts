// Weaknesses in the old broker's own configuration, which no policy sees.
import { CUT_OVER } from '../../stacks/adoption/plan.ts';
import { at } from './json.ts';
import type { Recording } from './recording.ts';
import type { Unsafe } from './today.ts';

/** Findings about accounts, listeners, the certificate and the table. None if nothing was recorded. */
export function judgeBroker({ broker, telemetry }: Recording): Unsafe[] {
  const found = (resource: string, message: string, short: string, phase = CUT_OVER): Unsafe => ({
    resource,
    message,
    short,
    phase,
  });
  const values = (word: string) =>
    broker.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length));
  const users = values('user ');
  const findings: Unsafe[] = [];
  if (users.includes('admin')) {
    findings.push(
      found('Broker accounts', 'There is the default user "admin", which may do everything.', 'broker user "admin"'),
    );
  }
  if (broker.length > 0 && users.length <= 1) {
    findings.push(
      found(
        'Broker accounts',
        'All devices share one account, so a single one cannot be locked out.',
        'one account for all devices',
      ),
    );
  }
  if (broker.some((line) => /^allow_anonymous\s+true/.test(line))) {
    findings.push(found('Broker accounts', 'Anyone may connect without an account.', 'no account needed'));
  }
  if (broker.length > 0 && !broker.some((line) => /^acl_file /.test(line))) {
    findings.push(
      found('Broker topics', 'There is no ACL: every account reads and writes every topic.', 'no topic rules'),
    );
  }
  for (const listener of values('listener ').filter((each) => /^1883\b(?! (127\.|localhost|::1))/.test(each))) {
    findings.push(
      found(
        'Broker listener',
        `Port ${listener} accepts passwords and readings in plain text.`,
        'plain-text passwords on 1883',
      ),
    );
  }
  const [issuer] = values('issuer=');
  if (issuer !== undefined && issuer === values('subject=')[0]) {
    findings.push(
      found('Broker certificate', 'It is self-signed, so clients that verify it refuse it.', 'self-signed certificate'),
    );
  }
  if (telemetry !== undefined && at(telemetry, 'rowSecurity') !== true) {
    findings.push(
      found(
        'Table public.telemetry',
        'It has no row-level security: every reader sees every tenant.',
        'a table without row-level security',
        0,
      ),
    );
  }
  return findings;
}
