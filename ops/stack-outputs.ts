// What a deployed stack tells about itself: the outputs of stacks/index.ts.
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { spawnProblem } from './spawn-problem.ts';

/** The outputs that the commands read. */
export interface StackOutputs {
  /** The broker's DNS name. */
  brokerHost: string;
  /** PEM of the private CA; undefined when a public authority vouches for the broker. */
  brokerCaCertificate: string | undefined;
  /** Origin of the dashboard, where one is deployed. */
  dashboardAddress?: string;
  resourceGroup: string;
  functionAppName: string;
  vaultName: string;
}

/** Asks Pulumi. @throws Error that says what to install, or that the stack is not deployed. */
export function stackOutputs(stack: string): StackOutputs {
  const pulumi = spawnSync('pulumi', ['stack', 'output', '--json', '--stack', stack], { encoding: 'utf8' });
  if (pulumi.error)
    throw spawnProblem(
      pulumi.error,
      'the pulumi command was not found: install it from pulumi.com, or use --target local',
    );
  if (pulumi.status !== 0)
    throw new Error(`pulumi could not read the outputs of stack ${stack}:\n${pulumi.stderr.trim()}`);
  const outputs = JSON.parse(pulumi.stdout) as Partial<StackOutputs>;
  const { brokerHost, brokerCaCertificate } = outputs;
  if (!brokerHost) throw new Error(`stack ${stack} has no output brokerHost: run pulumi up --stack ${stack}`);
  if (brokerCaCertificate) new X509Certificate(brokerCaCertificate);
  return { ...(outputs as StackOutputs), brokerHost, brokerCaCertificate: brokerCaCertificate ?? undefined };
}
