// What the move changed, kept in the database itself for the way back: the way back may start from another machine.
import type { ClientBase } from 'pg';
import type { ChangedBody } from './bodies.ts';
import type { Grant } from './grants.ts';

/** Private, as the platform's own schemas are. */
export const LEDGER_SCHEMA = 'mqtt_saas_adoption';

/** The one entry. */
export interface Ledger {
  /** `prepared`: only the role's search_path is set. `aside`: the old tables are in `schema`. `back`: they are public again. */
  state: 'prepared' | 'aside' | 'back';
  role: string;
  schema: string;
  /** Set when the role's search_path had to change: what it was for this database, null for none. */
  path?: { before: string | null; changedAt: string };
  /** Names that were moved, without their schema. */
  moved: string[];
  bodies: ChangedBody[];
  /** A publication of all tables in public, and a moved table that was put into it by name: as SQL. */
  published: { publication: string; table: string }[];
  /** The grants before the migrations, and after. */
  grants: Grant[];
  platformGrants?: Grant[];
}

export async function readLedger(client: ClientBase): Promise<Ledger | undefined> {
  const { rows: found } = await client.query(`select to_regclass('${LEDGER_SCHEMA}.ledger') is not null as there`);
  if (!found[0]?.there) return undefined;
  const { rows } = await client.query<{ entry: Ledger }>(`select entry from ${LEDGER_SCHEMA}.ledger`);
  return rows[0]?.entry;
}

export async function writeLedger(client: ClientBase, entry: Ledger): Promise<void> {
  await client.query(`
    create schema if not exists ${LEDGER_SCHEMA};
    create table if not exists ${LEDGER_SCHEMA}.ledger (only_one boolean primary key default true check (only_one), entry jsonb not null);
    alter table ${LEDGER_SCHEMA}.ledger enable row level security;
    alter table ${LEDGER_SCHEMA}.ledger force row level security;
    revoke all on schema ${LEDGER_SCHEMA} from public;
    revoke all on ${LEDGER_SCHEMA}.ledger from public, anon, authenticated, service_role`);
  await client.query(
    `insert into ${LEDGER_SCHEMA}.ledger (entry) values ($1) on conflict (only_one) do update set entry = excluded.entry`,
    [JSON.stringify(entry)],
  );
}
