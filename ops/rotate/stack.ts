// A deployed stack: configured in its file, passwords in its vault, used by the Function App.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from '../../bootstrap/root.mjs';
import { MQTT_TLS_PORT } from '../../domain/ingress.ts';
import { readProject } from '../../preview/project.ts';
import { ingestUsername } from '../../provisioning/broker/registry.ts';
import { NAMESPACE, parseConfig } from '../../stacks/configuration/parse.ts';
import { ingestPasswordSecret } from '../../stacks/tables/ingest-accounts.ts';
import { spawnProblem } from '../spawn-problem.ts';
import { type StackOutputs, stackOutputs } from '../stack-outputs.ts';
import type { Environment } from './environment.ts';

/** The app setting that holds ingest's password, as a reference to the vault: stacks/tables/settings.ts. */
const PASSWORD_SETTING = 'MQTT_BROKER_PASSWORD';
const REFERENCE_API = '2024-04-01';

/**
 * @param target name of the stack. @param env has DATABASE_URL. @param root folder of Pulumi.yaml.
 * @throws Error that says what to set or to install, or that the stack is not deployed.
 */
export function stackEnvironment(target: string, env = process.env, root = ROOT): Environment {
  const databaseUrl = env.DATABASE_URL;
  if (!databaseUrl) throw new Error(`DATABASE_URL is not set: the accounts of stack ${target} are entered there`);
  const outputs = stackOutputs(target);
  const set = (name: string, value: string) =>
    runHere('pulumi', ['config', 'set', `${NAMESPACE}:${name}`, value, '--stack', target]);
  return {
    target,
    databaseUrl,
    broker: { host: outputs.brokerHost, port: MQTT_TLS_PORT, ca: outputs.brokerCaCertificate },
    configured: () => {
      const { ingestGeneration, ingestGenerationsInForce } = parseConfig(readProject(root, target).config, target);
      return { generation: ingestGeneration, inForce: ingestGenerationsInForce };
    },
    key: (generation) => {
      const secret = ingestPasswordSecret(ingestUsername(generation));
      const place = ['--vault-name', outputs.vaultName, '--name', secret];
      return ask('az', ['keyvault', 'secret', 'show', ...place, '--query', 'value', '--output', 'tsv']);
    },
    configure: async ({ generation, inForce }) => {
      await set('ingestGenerationsInForce', JSON.stringify(inForce));
      await set('ingestGeneration', String(generation));
    },
    deploy: () => runHere('pulumi', ['up', '--stack', target]),
    seesSessions: false,
    whyNotUsed: (generation) => {
      const { secretName, status } = readReference(outputs);
      if (secretName !== ingestPasswordSecret(ingestUsername(generation)))
        return `the Function App refers to ${secretName}`;
      return status === 'Resolved' ? undefined : `the Function App's reference to ${secretName} is ${status}`;
    },
  };
}

/** What Azure made of the app setting: "Web Apps - Get App Setting Key Vault Reference". */
function readReference({ resourceGroup, functionAppName }: StackOutputs): { secretName: string; status: string } {
  const site = `resourceGroups/${resourceGroup}/providers/Microsoft.Web/sites/${functionAppName}`;
  const path = `/subscriptions/{subscriptionId}/${site}/config/configreferences/appsettings/${PASSWORD_SETTING}`;
  const answer = ask('az', ['rest', '--method', 'get', '--url', `${path}?api-version=${REFERENCE_API}`]);
  return (JSON.parse(answer) as { properties: { secretName: string; status: string } }).properties;
}

/** A program's answer; never shown, it may be a secret. */
function ask(program: string, args: string[]): string {
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (error) throw spawnProblem(error, `the ${program} command was not found: install it`);
  if (status !== 0) throw new Error(`${program} ${args.slice(0, 3).join(' ')} failed: ${stderr.trim()}`);
  return stdout.trimEnd();
}

/** In this terminal: Pulumi asks before it changes something. */
async function runHere(program: string, args: string[]): Promise<void> {
  console.log(`$ ${[program, ...args].join(' ')}`);
  const [code] = await once(spawn(program, args, { stdio: 'inherit' }), 'exit');
  if (code !== 0)
    throw new Error(`${program} ended with ${code}. Run it again, then the rotation: it goes on from here`);
}
