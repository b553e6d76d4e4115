// Grants that the migrations change on what they do not make: the schema public, and the default privileges of later objects. They are kept
// for the way back, and for the way forward again.
import type { ClientBase } from 'pg';

/** One grant, as the statements that give it and take it. */
export interface Grant {
  give: string;
  take: string;
}

const SQL = `
  with me as (select oid from pg_roles where rolname = current_user),
  kinds (objtype, type, word) as (values ('r', 'r', 'tables'), ('S', 's', 'sequences'), ('f', 'f', 'functions'), ('T', 'T', 'types')),
  lists (before, after, acl) as (
    select '', 'on schema public', coalesce(nspacl, acldefault('n', nspowner)) from pg_namespace where nspname = 'public'
    union all
    select 'alter default privileges ', 'on ' || k.word, coalesce(d.defaclacl, acldefault(k.type::"char", me.oid))
    from me cross join kinds as k
    left join pg_default_acl as d on d.defaclobjtype = k.objtype::"char" and d.defaclnamespace = 0 and d.defaclrole = me.oid
    union all
    select 'alter default privileges in schema public ', 'on ' || k.word, d.defaclacl
    from me join pg_default_acl as d on d.defaclrole = me.oid and d.defaclnamespace = 'public'::regnamespace
    join kinds as k on k.objtype::"char" = d.defaclobjtype
  )
  select before || 'grant ' || what || ' to ' || who || case when e.is_grantable then ' with grant option' else '' end as give,
    before || 'revoke ' || what || ' from ' || who as take
  from lists, aclexplode(acl) as e,
    lateral (select e.privilege_type || ' ' || after as what,
      case e.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(e.grantee)) end as who) as words
  order by 1`;

export async function readGrants(client: ClientBase): Promise<Grant[]> {
  return (await client.query<Grant>(SQL)).rows;
}

/** Makes the grants what they were when they were read. */
export async function restoreGrants(client: ClientBase, wanted: Grant[]): Promise<void> {
  const now = await readGrants(client);
  const has = (grants: Grant[], { give }: Grant) => grants.some((each) => each.give === give);
  for (const grant of now) if (!has(wanted, grant)) await client.query(grant.take);
  for (const grant of wanted) if (!has(now, grant)) await client.query(grant.give);
}
