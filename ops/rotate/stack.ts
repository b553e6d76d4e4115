// A deployed stack: configured in its file, passwords in its vault, used by the Function App.
import { spawnSync } from 'node:child_process';
import { controlUsername, ingestUsername } from '../../provisioning/broker/registry.ts';
import { NAMESPACE } from '../../stacks/configuration/parse.ts';
import { accountPasswordSecret } from '../../stacks/tables/accounts.ts';
import { runHere } from '../run-here.ts';
import { spawnProblem } from '../spawn-problem.ts';
import type { StackOutputs, StackTarget } from '../target/target.ts';
import type { Environment } from './environment.ts';

/** The app setting that holds ingest's password, as a reference to the vault: stacks/tables/settings.ts. */
const PASSWORD_SETTING = 'MQTT_BROKER_PASSWORD';
const AGAIN = 'Run it again, then the rotation: it continues from here';
const REFERENCE_API = '2024-04-01';

/** The stack as the environment of a rotation. @throws Error that says what to set or install, or that it is not deployed. */
export function stackEnvironment(stack: StackTarget): Environment {
  const { name: target } = stack;
  const database = stack.database();
  const outputs = stack.outputs();
  const set = (name: string, value: string) =>
    runHere('pulumi', ['config', 'set', `${NAMESPACE}:${name}`, value, '--stack', target], AGAIN);
  const keyOf = (username: string) => {
    const place = ['--vault-name', outputs.vaultName, '--name', accountPasswordSecret(username)];
    return ask('az', ['keyvault', 'secret', 'show', ...place, '--query', 'value', '--output', 'tsv']);
  };
  return {
    target,
    database,
    broker: stack.broker(),
    configured: () => {
      const { ingestGeneration, ingestGenerationsInForce } = stack.config();
      return { generation: ingestGeneration, inForce: ingestGenerationsInForce };
    },
    key: (generation) => keyOf(ingestUsername(generation)),
    control: () => {
      const username = controlUsername(stack.config().controlGeneration);
      return { username, key: keyOf(username) };
    },
    configure: async ({ generation, inForce }) => {
      await set('ingestGenerationsInForce', JSON.stringify(inForce));
      await set('ingestGeneration', String(generation));
    },
    deploy: () => runHere('pulumi', ['up', '--stack', target], AGAIN),
    seesSessions: false,
    whyNotUsed: (generation) => {
      const { secretName, status } = readReference(outputs);
      if (secretName !== accountPasswordSecret(ingestUsername(generation)))
        return `the Function App refers to ${secretName}`;
      return status === 'Resolved' ? undefined : `the Function App's reference to ${secretName} is ${status}`;
    },
  };
}

/** Azure's result for the app setting: "Web Apps - Get App Setting Key Vault Reference". */
function readReference({ resourceGroup, functionAppName }: StackOutputs): { secretName: string; status: string } {
  const site = `resourceGroups/${resourceGroup}/providers/Microsoft.Web/sites/${functionAppName}`;
  const path = `/subscriptions/{subscriptionId}/${site}/config/configreferences/appsettings/${PASSWORD_SETTING}`;
  const answer = ask('az', ['rest', '--method', 'get', '--url', `${path}?api-version=${REFERENCE_API}`]);
  return (JSON.parse(answer) as { properties: { secretName: string; status: string } }).properties;
}

/** A program's answer; never shown, because it may be a secret. */
function ask(program: string, args: string[]): string {
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (error) throw spawnProblem(error, `the ${program} command was not found: install it`);
  if (status !== 0) throw new Error(`${program} ${args.slice(0, 3).join(' ')} failed: ${stderr.trim()}`);
  return stdout.trimEnd();
}
