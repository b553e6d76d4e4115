-- How many tenants a person may make, and how many devices a tenant may have. Alert rules, invitations, commands, and what
-- these leave in the audit log have no bound yet: a person can fill the database with them. Nothing here binds the platform's
-- operator, whose commands come without a signed-in person.

create table access.platform_limits (
  -- One row.
  id boolean primary key default true check (id),
  -- 0: only the operator makes tenants; an account without an invitation is of no use then.
  tenants_per_person int not null default 5 check (tenants_per_person >= 0),
  devices_per_tenant int not null default 1000 check (devices_per_tenant >= 0)
);
comment on table access.platform_limits is 'What one person, or one tenant, may make. Changed by `ops limit`.';
insert into access.platform_limits default values;
alter table access.platform_limits enable row level security;
alter table access.platform_limits force row level security;
revoke all on access.platform_limits from public, anon, authenticated, service_role;

alter table public.tenant_limits add column max_devices int check (max_devices >= 0);
comment on column public.tenant_limits.max_devices is 'Null: what access.platform_limits says.';

-- Whom a tenant was made by stands in the audit log, which nobody can change.
create index audit_log_tenants_made on public.audit_log (actor_id) where action = 'tenant.created';

create function access.limit_tenants() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  me constant uuid := auth.uid();
  -- Without a row there is nothing to make: a null would be no limit.
  most constant int := coalesce((select l.tenants_per_person from access.platform_limits as l), 0);
begin
  if me is null then
    return new;
  end if;
  -- Two at once take turns, or both would count without the other.
  perform pg_advisory_xact_lock(hashtextextended('access.limit_tenants ' || me, 0));
  if (select count(*) from public.audit_log as a where a.actor_id = me and a.action = 'tenant.created') >= most then
    raise exception '%', case when most = 0 then 'tenants are made by the platform''s operator here'
        else format('you have made %s tenants, as many as one person may make here', most) end
      using errcode = 'insufficient_privilege',
        hint = case when most = 0 then 'Open the invitation link you were sent, or ask the operator for a tenant.'
          else 'Ask the platform''s operator for more.' end;
  end if;
  return new;
end
$$;
create trigger limit_tenants before insert on public.tenants
  for each row execute function access.limit_tenants();

create function access.limit_devices() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  most constant int := coalesce(
    (select l.max_devices from public.tenant_limits as l where l.tenant_id = new.tenant_id),
    (select l.devices_per_tenant from access.platform_limits as l), 0);
begin
  if auth.uid() is null then
    return new;
  end if;
  -- As above.
  perform from public.tenants as t where t.id = new.tenant_id for no key update;
  if (select count(*) from public.devices as d where d.tenant_id = new.tenant_id) >= most then
    raise exception 'this tenant has % devices, as many as it may have', most
      using errcode = 'insufficient_privilege', hint = 'Delete one that is not used, or ask the platform''s operator for more.';
  end if;
  return new;
end
$$;
create trigger limit_devices before insert on public.devices
  for each row execute function access.limit_devices();

revoke all on function access.limit_tenants(), access.limit_devices() from public, anon, authenticated, service_role;
