-- The registry: tenants, their devices, and the hashes of the devices' keys. The broker's files are generated from it.

create table public.tenants (
  id uuid primary key default gen_random_uuid(),
  slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default now()
);

create table public.devices (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null references public.tenants (id),
  slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text not null check (length(name) between 1 and 200),
  enabled boolean not null default true,
  created_at timestamptz not null default now(),
  unique (tenant_id, slug),
  -- Lets device_credentials prove that its tenant is the device's tenant.
  unique (tenant_id, id)
);

create table public.device_credentials (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  device_id uuid not null,
  -- Mosquitto's PBKDF2-SHA512 line (HASH_PATTERN in domain/credentials.ts): a key itself can never be stored here.
  password_hash text not null
    check (password_hash ~ '^\$7\$[1-9][0-9]{0,8}\$[A-Za-z0-9+/]{4,64}={0,2}\$[A-Za-z0-9+/]{86}==$'),
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  foreign key (tenant_id, device_id) references public.devices (tenant_id, id) on delete cascade
);
create unique index device_credentials_one_active on public.device_credentials (device_id) where revoked_at is null;
create index device_credentials_device on public.device_credentials (tenant_id, device_id);

alter table public.tenants enable row level security;
alter table public.tenants force row level security;
alter table public.devices enable row level security;
alter table public.devices force row level security;
alter table public.device_credentials enable row level security;
alter table public.device_credentials force row level security;

revoke all on public.tenants, public.devices, public.device_credentials from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.tenants, public.devices, public.device_credentials to service_role;

create policy service_role_all on public.tenants for all to service_role using (true) with check (true);
create policy service_role_all on public.devices for all to service_role using (true) with check (true);
create policy service_role_all on public.device_credentials for all to service_role using (true) with check (true);
