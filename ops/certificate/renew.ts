// Renews a broker's certificate now, and checks that the broker serves the new one.
import { setTimeout as sleep } from 'node:timers/promises';
import { FILES, PATHS } from '../../provisioning/machine/bundle/paths.ts';
import type { Broker } from '../target/target.ts';
import { probe, type Served } from './probe.ts';

/** Runs a program that may ask the person questions; resolves with its exit code. */
export type Run = (program: string, args: string[]) => Promise<number>;

const ADMIN = 'azureuser';
/** The certificate of components/private-ca.ts, in any stack. */
const SERVER_CERTIFICATE = '**private-ca-server-certificate';

/** Commands on the machine; see provisioning/machine/bundle/units. They return when the work is done. */
const ON_MACHINE = {
  issue: `sudo touch ${PATHS.secrets}/${FILES.renewCertificate} && sudo systemctl start certificate-issue.service`,
  // Not "start": that would join a run that has read the vault already.
  deploy: 'sudo systemctl restart certificate-deploy.service',
};

/** The programs that renew it, in order. */
export function steps({ target, host, renewedBy }: Broker): [string, ...string[]][] {
  const ssh = (command: string): [string, ...string[]] => ['ssh', `${ADMIN}@${host}`, command];
  if (renewedBy === 'machine') return [ssh(ON_MACHINE.issue)];
  if (renewedBy === 'deployment') {
    return [['pulumi', 'up', '--stack', target, '--replace', SERVER_CERTIFICATE], ssh(ON_MACHINE.deploy)];
  }
  if (renewedBy === 'project')
    throw new Error(
      `remove server.crt from the project's secrets/, then npm run ops -- compose start --target ${target}`,
    );
  throw new Error('a local platform renews its certificate when it starts: stop it, then npm start');
}

/**
 * Renews and waits until the new certificate is served.
 * @param timeoutMs how long the broker may take after the last step. Default: 60 s.
 * @throws Error that names the failed step, or says that the old certificate is still served.
 */
export async function renew(broker: Broker, run: Run, timeoutMs = 60_000): Promise<Served> {
  const plan = steps(broker);
  const before = await probe(broker);
  for (const [program, ...args] of plan) {
    const code = await run(program, args);
    if (code !== 0) throw new Error(`${program} ended with ${code}; the broker's certificate is unchanged`);
  }
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const served = await probe(broker);
    if (served.fingerprint !== before.fingerprint) return served;
    if (Date.now() > deadline) {
      throw new Error('the broker still serves its old certificate: see docs/runbooks/certificates.md');
    }
    await sleep(500);
  }
}
