// The database's schema, and the sign-ins of the platform's roles, brought there by `pulumi up`. The database itself is not
// Pulumi's: it is named in the configuration and reached as whom DATABASE_URL names, which no resource sees.
import { ComponentResource, type ComponentResourceOptions, type Input, output, secret } from '@pulumi/pulumi';
import type { ServicePurpose } from '../provisioning/broker/registry.ts';
import type { LoginRole } from '../provisioning/database/login.ts';
import { makeSignIns } from '../provisioning/database/sign-ins.ts';
import { LocalCommand } from './local-command.ts';

/** Arguments of {@link Database}. */
export interface DatabaseArgs {
  /** Required. DNS name of the server; DATABASE_URL must be of it. */
  host: string;
  /** Required. Name of the database; DATABASE_URL must be of it. */
  database: string;
  /** Optional. Supabase's project, for its pooler. */
  projectRef?: string | undefined;
  /** Optional. CA certificate of the server, PEM. Default: the public authorities. */
  ca?: string | undefined;
  /** Required. Hash of the migrations: another one means that there are some to apply. */
  migrationsHash: string;
  /** Required. Passwords of the database's roles. Only what a database stores of them leaves the program. */
  roles: Record<LoginRole, Input<string>>;
  /** Required. The broker accounts of services that are in force, with their keys. The same holds. */
  accounts: { username: string; purpose: ServicePurpose; key: Input<string> }[];
}

/** Schema and sign-ins. */
export class Database extends ComponentResource {
  constructor(name: string, args: DatabaseArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Database', name, {}, options);
    const { host, database, projectRef, ca, migrationsHash, roles, accounts } = args;
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
      // Nobody signs in with what this is. A secret all the same: nobody needs to see it.
      { run: command('sign-ins'), environment: { DATABASE_SIGN_INS: secret(signIns), ...trust } },
      { parent: this, dependsOn: schema },
    );
    this.registerOutputs();
  }
}
