// Who tries: each column of the isolation matrix.
import type { ClientBase } from 'pg';
import { readerRole } from '../readers.ts';
import { become, type Claims } from './database.ts';
import type { World } from './world.ts';

/**
 * The columns, in their order. The first four are signed in: members of tenant A with their roles, and a member of
 * nothing. `reader` is a login of tenant A's, as `ops reader` makes it. `schema-owner` owns the table and is not a superuser: FORCE ROW LEVEL SECURITY is for it.
 */
export const ACTORS = [
  'owner',
  'staff',
  'viewer',
  'stranger',
  'anon',
  'ingest',
  'sync',
  'reader',
  'service',
  'schema-owner',
] as const;
/** Not a column: `backup` reads everything and changes nothing, which isolation.test.ts says in a line. */
export type Actor = (typeof ACTORS)[number] | 'backup';

const ROLES: Record<Actor, string> = {
  owner: 'authenticated',
  staff: 'authenticated',
  viewer: 'authenticated',
  stranger: 'authenticated',
  anon: 'anon',
  ingest: 'mqtt_ingest',
  sync: 'broker_sync',
  reader: 'tenant_reader',
  service: 'service_role',
  'schema-owner': 'plain_owner',
  backup: 'backup_reader',
};

/** The database's roles that are not its owner's. */
export const LESSER_ROLES = [
  'anon',
  'authenticated',
  'service_role',
  'mqtt_ingest',
  'broker_sync',
  'tenant_reader',
  'backup_reader',
];

/** The database role that an actor has. */
export const roleOf = (actor: Actor): string => ROLES[actor];

/** The actors that have a database role. */
export const actorsOf = (role: string): Actor[] => ACTORS.filter((actor) => ROLES[actor] === role);

/**
 * Prepares the server: the owner without rights, and a service role without BYPASSRLS, so that its policies count (as on
 * a Postgres whose provider does not grant that attribute). Needs the world, for tenant A's reader.
 */
export async function prepareActors(client: ClientBase): Promise<void> {
  await client.query(`
    create role plain_owner nologin;
    do $$ begin
      execute format('create role %I inherit in role tenant_reader',
        'reader_' || replace((select id::text from public.tenants where slug = 'acme'), '-', ''));
    end $$;
    grant usage, create on schema public, ingest, broker, access to plain_owner;
    alter role service_role nobypassrls`);
}

/** Makes the rest of the savepoint run as the actor. @param table changes hands when the actor is `schema-owner`. */
export async function act(client: ClientBase, actor: Actor, world: World, table?: string): Promise<void> {
  if (actor === 'schema-owner' && table) await client.query(`alter table ${table} owner to plain_owner`);
  const role = actor === 'reader' ? readerRole(world.a.id) : ROLES[actor];
  await become(client as Parameters<typeof become>[0], role, claimsOf(actor, world));
}

function claimsOf(actor: Actor, { a, stranger }: World): Claims {
  if (actor === 'owner' || actor === 'staff' || actor === 'viewer') return a[actor];
  return actor === 'stranger' ? stranger : {};
}
