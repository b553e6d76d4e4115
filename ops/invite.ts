// `ops invite`: invites a person into a tenant. This is how the first owner of an environment gets in; later owners invite people in the
// dashboard.

import { Command, Option } from 'commander';
import { MEMBER_ROLES } from '../domain/members.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { type InvitationRequest, invite } from '../provisioning/database/invitations.ts';
import { type AuthPlace, authOfDashboard, judgeLinks, mailInvitation, readAuthSettings } from './auth-service.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

/** The administrators' key of the Supabase project. It is read from the environment, because others can read arguments. */
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
    .requiredOption('--tenant <slug>', 'the tenant')
    .addOption(new Option('--role <role>', 'as what').choices(MEMBER_ROLES).makeOptionMandatory())
    .option('--create-tenant', 'make the tenant if it is missing')
    .addOption(
      new Option('--tenant-name <name>', "the new tenant's display name (default: its slug)").implies({
        createTenant: true,
      }),
    )
    .option(
      '--dashboard <address>',
      'the dashboard that the link leads to (default: the one of the platform that --target names)',
    )
    .option('--mail', `create an account and mail the link: needed if sign-ups are closed; reads ${SECRET_KEY}`)
    .option('--supabase-url <url>', "with --mail: the key's project, https://REF.supabase.co")
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
      // Before the invitation is made: one whose link cannot be mailed would block the next.
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
      'give --dashboard, the address that the link leads to, https://..., or --target, a platform that has a dashboard',
    );
  const parsed = URL.canParse(address) ? new URL(address) : undefined;
  const isSafe = parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && parsed.hostname === '127.0.0.1');
  if (!parsed || !isSafe || parsed.pathname !== '/') {
    throw new Error(`${JSON.stringify(address)} is not a dashboard's address such as https://dashboard.example.com`);
  }
  return parsed.origin;
}

/**
 * The auth service that gets the secret key and mails the link: the one that the operator names, whatever a dashboard says.
 * @throws Error if the dashboard uses another one, or its links end elsewhere.
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

/** Warns if the person could not create an account. Says nothing if that cannot be found out. */
async function warnOfClosedSignUps(dashboard: string, email: string): Promise<void> {
  const settings = await authOfDashboard(dashboard)
    .then(readAuthSettings)
    .catch(() => undefined);
  if (settings?.disable_signup) {
    console.error(`warning: sign-ups are closed: unless ${email} has an account, invite again with --mail --replace`);
  }
}
