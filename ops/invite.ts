// `ops invite`: lets a person into a tenant. The first owner of an environment gets in by it; later owners invite in the
// dashboard.

import { Command, Option } from 'commander';
import { MEMBER_ROLES } from '../domain/members.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { type InvitationRequest, invite } from '../provisioning/database/invitations.ts';
import { type AuthPlace, authOfDashboard, judgeLinks, mailInvitation, readAuthSettings } from './auth-service.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

/** The administrators' key of the Supabase project: read from the environment, as arguments can be read by others. */
const SECRET_KEY = 'SUPABASE_SECRET_KEY';

interface Options extends TargetOptions {
  tenant: string;
  role: InvitationRequest['role'];
  createTenant?: true;
  tenantName?: string;
  dashboard?: string;
  mail?: true;
  supabaseUrl?: string;
  replace?: true;
  json?: true;
}

/** The `invite` command. */
export function inviteCommand(): Command {
  return withTarget(new Command('invite'))
    .description('invite a person into a tenant, and show the link, once')
    .argument('<email>', 'whom')
    .requiredOption('--tenant <slug>', 'into which tenant')
    .addOption(new Option('--role <role>', 'as what').choices(MEMBER_ROLES).makeOptionMandatory())
    .option('--create-tenant', 'make the tenant when it is missing')
    .addOption(
      new Option('--tenant-name <name>', 'what people call the new tenant (default: its slug)').implies({
        createTenant: true,
      }),
    )
    .option(
      '--dashboard <address>',
      'where the link leads (default: the dashboard of the platform that --target names)',
    )
    .option(
      '--mail',
      `have the link mailed, and an account made: needed where sign-ups are closed; reads ${SECRET_KEY}`,
    )
    .option('--supabase-url <url>', 'with --mail: the project that the key is for, https://REF.supabase.co')
    .option('--replace', 'revoke an open invitation of the same address')
    .option('--json', 'print the result, link included, as JSON')
    .addHelpText(
      'after',
      `
Examples:
  npm run ops -- invite ann@example.com --tenant acme --role owner --create-tenant --target dev
  ${SECRET_KEY}=$(cat key.txt) npm run ops -- invite ann@example.com --tenant acme --role owner --target dev --mail \\
    --supabase-url https://REF.supabase.co`,
    )
    .action(async (email: string, { json, mail, ...options }: Options) => {
      const place = findPlace(options);
      const dashboard = origin(options.dashboard ?? place.platform?.dashboard());
      const key = process.env[SECRET_KEY];
      if (mail && !key)
        throw new Error(`${SECRET_KEY} is not set: --mail needs the project's secret key (sb_secret_...)`);
      // Before the invitation is made: one whose link cannot be mailed would be in the way of the next.
      const auth = mail ? await mailerOf(dashboard, options.supabaseUrl) : undefined;
      const newTenantName = options.createTenant ? (options.tenantName ?? options.tenant) : undefined;
      const request = { ...options, email, newTenantName };
      const { token, expiresAt } = await withConnection(place.database, (client) => invite(client, request));
      const link = `${dashboard}/invite?token=${token}`;
      if (json)
        console.log(JSON.stringify({ email, tenant: options.tenant, role: options.role, link, expiresAt }, null, 2));
      else {
        console.log(`${email} is invited to "${options.tenant}" as ${options.role}.`);
        console.log(`The link works once, until ${expiresAt.toISOString().slice(0, 10)}, for this address only:\n`);
        console.log(`  ${link}\n`);
      }
      if (auth && key) console.error(await mailInvitation(auth, key, email, link));
      else if (place.platform?.kind !== 'local') await warnOfClosedSignUps(dashboard, email);
    });
}

/** @throws Error unless it is an address that a link may lead to. */
function origin(address: string | undefined): string {
  if (address === undefined)
    throw new Error(
      'give the --dashboard address that the link leads to, https://..., or the --target platform that has one',
    );
  const parsed = URL.canParse(address) ? new URL(address) : undefined;
  const isSafe = parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && parsed.hostname === '127.0.0.1');
  if (!parsed || !isSafe || parsed.pathname !== '/') {
    throw new Error(`${JSON.stringify(address)} is not a dashboard's address such as https://dashboard.example.com`);
  }
  return parsed.origin;
}

/**
 * The auth service that mails the link, and is given the secret key: the one that the operator names, whatever a dashboard says.
 * @throws Error when the dashboard works with another, or its links end elsewhere.
 */
async function mailerOf(dashboard: string, supabaseUrl: string | undefined): Promise<AuthPlace> {
  if (supabaseUrl === undefined || !URL.canParse(supabaseUrl))
    throw new Error('give the --supabase-url of the project that the secret key is for, https://REF.supabase.co');
  const auth = await authOfDashboard(dashboard);
  const [named, wanted] = [auth.supabaseUrl, supabaseUrl].map((url) => new URL(url).origin);
  if (named !== wanted)
    throw new Error(
      `${dashboard}/api/config names ${named} as its auth service, not ${wanted}: correct --dashboard or --supabase-url`,
    );
  const problem = await judgeLinks(auth, dashboard);
  if (problem) throw new Error(`${problem.seen}: ${problem.remedy}`);
  return { ...auth, supabaseUrl: wanted as string };
}

/** Says so when the person could not make an account. Says nothing when it cannot be found out. */
async function warnOfClosedSignUps(dashboard: string, email: string): Promise<void> {
  const settings = await authOfDashboard(dashboard)
    .then(readAuthSettings)
    .catch(() => undefined);
  if (settings?.disable_signup) {
    console.error(`warning: sign-ups are closed: unless ${email} has an account, invite again with --mail --replace`);
  }
}
