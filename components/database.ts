// Deploys the database's schema and the sign-ins of the platform's roles, within `pulumi up`. Pulumi does not manage the database
// itself: the configuration names it, and DATABASE_URL, which no resource sees, says how to reach it.
import { ComponentResource, type ComponentResourceOptions, type Input, output, secret } from '@pulumi/pulumi';
import type { ServicePurpose } from '../provisioning/broker/registry.ts';
import type { LoginRole } from '../provisioning/database/login.ts';
import { makeSignIns } from '../provisioning/database/sign-ins.ts';
import { LocalCommand } from './local-command.ts';

/** Arguments of {@link Database}. */
export interface DatabaseArgs {
  /** Required. DNS name of the server; `DATABASE_URL` must name the same. */
  host: string;
  /** Required. Name of the database; `DATABASE_URL` must name the same. */
  database: string;
  /** Optional. Project reference, for Supabase's pooler. */
  projectRef?: string | undefined;
  /** Optional. CA certificate of the server, PEM. Default: the public authorities. */
  ca?: string | undefined;
  /** Required. Hash of the migrations: another hash means that there are new ones. */
  migrationsHash: string;
  /** Required. Passwords of the database's roles. Only their verifiers, as a database stores them, leave the program. */
  roles: Record<LoginRole, Input<string>>;
  /** Optional. For how many days readings stay. Default: what the database has. */
  retentionDays?: number | undefined;
  /** Required. Whether readings must be archived before they are removed. False switches it off in the database. */
  archive: boolean;
  /** Required. The service accounts that are in force on the broker, with their keys. Only hashes leave the program. */
  accounts: { username: string; purpose: ServicePurpose; key: Input<string> }[];
}

/** Schema and sign-ins. */
export class Database extends ComponentResource {
  constructor(name: string, args: DatabaseArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Database', name, {}, options);
    const { host, database, projectRef, ca, migrationsHash, roles, accounts, retentionDays, archive } = args;
    const target = `--host ${host} --database ${database}${projectRef ? ` --project-ref ${projectRef}` : ''}`;
    const trust: Record<string, string> = ca === undefined ? {} : { DATABASE_CA: ca };
    const command = (what: string) => `npm run --silent ops -- deploy ${what} ${target}`;

    const schema = new LocalCommand(
      `${name}-schema`,
      { run: command('schema'), environment: { DATABASE_MIGRATIONS: migrationsHash, ...trust } },
      { parent: this },
    );

    const signIns = output({ roles, accounts }).apply(async (passwords) =>
      JSON.stringify(await makeSignIns(passwords)),
    );
    new LocalCommand(
      `${name}-sign-ins`,
      // Nobody can sign in with a verifier. Even so it is marked as a secret: nobody needs to see it.
      { run: command('sign-ins'), environment: { DATABASE_SIGN_INS: secret(signIns), ...trust } },
      { parent: this, dependsOn: schema },
    );
    new LocalCommand(
      `${name}-retention`,
      {
        run: command('retention'),
        environment: {
          READINGS_ARCHIVE: archive ? 'on' : 'off',
          ...(retentionDays !== undefined && { READINGS_DAYS: String(retentionDays) }),
          ...trust,
        },
      },
      { parent: this, dependsOn: schema },
    );
    this.registerOutputs();
  }
}
