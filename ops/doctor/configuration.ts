// Checks the stack's configuration: valid, and no longer the committed example.
import { readProject } from '../../preview/project.ts';
import { isExampleAddress } from '../../stacks/configuration/admin-address.ts';
import { ConfigError, parseConfig, type StackConfig } from '../../stacks/configuration/parse.ts';
import { type Finding, failed, ok, warning } from './finding.ts';

const CHECK = 'configuration';

/** The configuration, undefined if it was refused, and the findings. */
export function examine(root: string, stack: string): { config: StackConfig | undefined; findings: Finding[] } {
  try {
    const config = parseConfig(readProject(root, stack).config, stack);
    const left = exampleKeys(config);
    if (left.length === 0) return { config, findings: [ok(CHECK, `Pulumi.${stack}.yaml is accepted`)] };
    const seen = `Pulumi.${stack}.yaml still has example values: ${left.join(', ')}`;
    return {
      config,
      findings: [failed(CHECK, seen, 'set your own: docs/reference/configuration.md has the command for each key')],
    };
  } catch (error) {
    // One line for each problem, with the command that fixes it.
    const [, ...problems] = (error as Error).message.split('\n');
    const lines = error instanceof ConfigError && problems.length > 0 ? problems : [(error as Error).message];
    return { config: undefined, findings: lines.map((line) => split(line.trim())) };
  }
}

function split(problem: string): Finding {
  const at = problem.search(/\. (Set it|Remove it|The platform takes)/);
  if (at < 0) return failed(CHECK, problem);
  return failed(CHECK, problem.slice(0, at), problem.slice(at + 2));
}

/** What a deployment reads from the environment, because no file holds it. */
export function examineEnvironment(
  { domain, deployDatabase, supabasePublishableKey }: StackConfig,
  env: NodeJS.ProcessEnv = process.env,
): Finding {
  const wanted = [
    ...(deployDatabase ? ['DATABASE_URL'] : []),
    // Needed for the domain's records, and for the dashboard, which is deployed if there is a publishable key.
    ...(domain || supabasePublishableKey ? ['CLOUDFLARE_API_TOKEN'] : []),
  ];
  if (wanted.length === 0) return ok('environment', 'the deployment reads nothing from it');
  const missing = wanted.filter((name) => !env[name]);
  if (missing.length === 0) return ok('environment', `${wanted.join(' and ')} set`);
  return warning(
    'environment',
    `not set: ${missing.join(', ')}`,
    'docs/deploy.md says which ones are needed, and where to keep them',
  );
}

/** Keys that have a placeholder as their value. */
function exampleKeys(config: StackConfig): string[] {
  const isExample: Partial<Record<keyof StackConfig, boolean>> = {
    adminCidrs: config.adminCidrs.some(isExampleAddress),
    sshPublicKey: / example$/.test(config.sshPublicKey),
    owner: /@example\.com$/.test(config.owner),
    alertEmails: config.alertEmails.some((address) => /@example\.com$/.test(address)),
    domain: /\bexample\.(com|net|org)$/.test(config.domain ?? ''),
    nameSuffix: /^ex4mp/.test(config.nameSuffix),
    databaseProjectRef: ['abcdefghijklmnopqrst', 'zyxwvutsrqponmlkjihg'].includes(config.databaseProjectRef ?? ''),
  };
  return Object.entries(isExample).flatMap(([key, example]) => (example ? [key] : []));
}
