// The stack's configuration: accepted by the schema, and no longer the committed example.
import ipaddr from 'ipaddr.js';
import { readProject } from '../../preview/project.ts';
import { ConfigError, parseConfig, type StackConfig } from '../../stacks/parse.ts';
import { type Finding, failed, ok, warning } from './finding.ts';

const CHECK = 'configuration';

/** Ranges for documentation (RFC 5737, RFC 3849): nobody comes from there. */
const DOCUMENTATION = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32'].map((cidr) =>
  ipaddr.parseCIDR(cidr),
);

/** The configuration, undefined when it was refused, and what to say of it. */
export function examine(root: string, stack: string): { config: StackConfig | undefined; findings: Finding[] } {
  try {
    const config = parseConfig(readProject(root, stack).config, stack);
    const left = exampleKeys(config);
    if (left.length === 0) return { config, findings: [ok(CHECK, `Pulumi.${stack}.yaml is accepted`)] };
    const seen = `Pulumi.${stack}.yaml holds example values still: ${left.join(', ')}`;
    return {
      config,
      findings: [failed(CHECK, seen, 'set your own: docs/configuration.md has the command for each key')],
    };
  } catch (error) {
    // One line a problem, each with the command that sets it right.
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

/** What a deployment reads from the environment, because it is in no file. */
export function examineEnvironment({ domain }: StackConfig, env: NodeJS.ProcessEnv = process.env): Finding {
  const wanted = ['DATABASE_URL', ...(domain ? ['CLOUDFLARE_API_TOKEN'] : [])];
  const missing = wanted.filter((name) => !env[name]);
  if (missing.length === 0) return ok('environment', `${wanted.join(' and ')} set`);
  return warning('environment', `not set: ${missing.join(', ')}`, 'docs/deploy.md says which, and where they are kept');
}

/** Keys with a value that only stands for one. */
function exampleKeys(config: StackConfig): string[] {
  const isExample: Partial<Record<keyof StackConfig, boolean>> = {
    adminCidrs: config.adminCidrs.some((cidr) => {
      const [address] = ipaddr.parseCIDR(cidr);
      return DOCUMENTATION.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
    }),
    sshPublicKey: / example$/.test(config.sshPublicKey),
    owner: /@example\.com$/.test(config.owner),
    alertEmails: config.alertEmails.some((address) => /@example\.com$/.test(address)),
    domain: /\bexample\.(com|net|org)$/.test(config.domain ?? ''),
    nameSuffix: /^ex4mp/.test(config.nameSuffix),
    databaseProjectRef: ['abcdefghijklmnopqrst', 'zyxwvutsrqponmlkjihg'].includes(config.databaseProjectRef ?? ''),
  };
  return Object.entries(isExample).flatMap(([key, example]) => (example ? [key] : []));
}
