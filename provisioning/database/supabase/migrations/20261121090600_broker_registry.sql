-- What the broker machine may read: one view with every credential that is in force.

create table broker.service_accounts (
  -- No ".": a device's user name is <tenant>.<device>, so the two kinds can never collide.
  username text primary key check (username ~ '^svc-[a-z0-9-]{1,60}$'),
  password_hash text not null
    check (password_hash ~ '^\$7\$[1-9][0-9]{0,8}\$[A-Za-z0-9+/]{4,64}={0,2}\$[A-Za-z0-9+/]{86}==$'),
  -- The job, which decides what the account may publish and read: SERVICE_TOPICS in provisioning/broker/registry.ts.
  purpose text not null check (purpose in ('ingest', 'control')),
  created_at timestamptz not null default now()
);

create view broker.registry as
select t.slug || '.' || d.slug as username, c.password_hash, t.slug as tenant_slug, d.slug as device_slug,
  'device' as kind, null::text as purpose
from public.device_credentials as c
join public.devices as d on d.id = c.device_id and d.tenant_id = c.tenant_id
join public.tenants as t on t.id = d.tenant_id
where d.enabled and c.revoked_at is null
union all
select s.username, s.password_hash, null, null, 'service', s.purpose
from broker.service_accounts as s;
comment on view broker.registry is
  'Enabled devices'' active credentials and the service accounts. Reads the registry with its owner''s rights.';

revoke all on broker.service_accounts, broker.registry from public, anon, authenticated, service_role;
grant select on broker.registry to broker_sync;
