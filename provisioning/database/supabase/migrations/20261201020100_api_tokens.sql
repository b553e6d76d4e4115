-- Tokens for a tenant's own programs: they read devices, readings and alerts of one tenant, by the functions below and nothing else.
-- docs/decisions/0027-api-tokens.md says why functions, and why they are called by POST.

create table public.api_tokens (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  name text not null check (access.is_display_name(name)),
  scopes text[] not null check (cardinality(scopes) >= 1 and cardinality(scopes) <= 3 and scopes <@ '{devices,telemetry,alerts}'),
  -- SHA-256 of the token, which is made in the browser and stored nowhere.
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  created_by text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  last_used_at timestamptz,
  -- Calls in the minute of the last use.
  calls int not null default 0,
  check (expires_at <= created_at + interval '366 days')
) with (fillfactor = 70); -- Updated with each call, in place: no index has a column that changes.
create index api_tokens_tenant on public.api_tokens (tenant_id);
comment on table public.api_tokens is 'Read-only tokens of a tenant''s programs. Only their hashes; made and revoked by owners.';

alter table public.api_tokens enable row level security;
alter table public.api_tokens force row level security;
revoke all on public.api_tokens from public, anon, authenticated, service_role;
grant select (id, tenant_id, name, scopes, created_by, created_at, expires_at, last_used_at) on public.api_tokens to authenticated;
create policy owners_select on public.api_tokens for select to authenticated
  using (tenant_id = any ((select access.owned_tenants())::uuid[]));

-- Not for each use: the row itself says when that was last.
create trigger audit after insert or delete on public.api_tokens
  for each row execute function access.audit('api_token', 'name');

-- Enters a token by its hash (64 hexadecimal digits), and returns its id.
create function public.create_api_token(tenant_id uuid, name text, scopes text[], days int, sha256 text) returns uuid
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  made uuid;
  used bigint;
begin
  perform access.require_role(create_api_token.tenant_id, '{owner}');
  perform access.check_name(create_api_token.name);
  if (create_api_token.sha256 ~ '^[0-9a-f]{64}$' and create_api_token.days between 1 and 366
    and cardinality(create_api_token.scopes) between 1 and 3
    and create_api_token.scopes <@ '{devices,telemetry,alerts}'::text[]) is not true then
    raise exception 'a token needs a hash, 1 to 366 days, and something to read'
      using errcode = 'invalid_parameter_value', hint = 'It can read devices, telemetry and alerts.';
  end if;
  -- Two at once take turns, or both would count without the other.
  perform from public.tenants as t where t.id = create_api_token.tenant_id for no key update;
  used := (select count(*) from public.api_tokens as t where t.tenant_id = create_api_token.tenant_id);
  if used >= 10 then
    raise exception 'this tenant has % API tokens, its limit is 10', used
      using errcode = 'insufficient_privilege', hint = 'Revoke one that is not needed. Expired ones count too.';
  end if;
  insert into public.api_tokens (tenant_id, name, scopes, token_hash, created_by, expires_at)
  values (create_api_token.tenant_id, create_api_token.name,
    array(select distinct s from unnest(create_api_token.scopes) as s order by s),
    decode(create_api_token.sha256, 'hex'), access.my_email(), now() + make_interval(days => create_api_token.days))
  returning id into made;
  return made;
end
$$;

-- Ends a token with the next request. The audit log keeps that it was.
create function public.revoke_api_token(token_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.require_role((select t.tenant_id from public.api_tokens as t where t.id = token_id), '{owner}', 'API token');
  delete from public.api_tokens as t where t.id = token_id;
end
$$;

-- The token of this request's header X-Api-Token, after its use has been noted. Raises when there is none, it does not hold, or it may
-- not read `scope` (null: what every token may). A call holds the token's row: a token does one thing at a time, so it takes at most one
-- of the API's connections from everybody else.
create function access.use_token(scope text) returns public.api_tokens
language plpgsql security definer set search_path = ''
as $$
declare
  sent constant text := nullif(current_setting('request.headers', true), '')::jsonb ->> 'x-api-token';
  token public.api_tokens;
begin
  if sent is null then
    raise exception 'this needs an API token'
      using errcode = 'insufficient_privilege', hint = 'Send it in the header X-Api-Token. An owner makes one on the page "Use your data".';
  end if;
  begin
    select t.* into token from public.api_tokens as t
    where t.token_hash = sha256(convert_to(left(sent, 200), 'UTF8')) for no key update nowait;
  exception when lock_not_available then
    raise exception 'this API token is in use' using errcode = 'PT429', hint = 'A token does one thing at a time. Wait for its answer.';
  end;
  if token.id is null or token.expires_at <= now() then
    raise exception 'this API token is not valid'
      using errcode = 'insufficient_privilege', hint = 'It may be mistyped, have expired, or have been revoked.';
  end if;
  if scope <> all (token.scopes) then
    raise exception 'this API token may not read %', scope
      using errcode = 'insufficient_privilege', hint = 'It may read ' || array_to_string(token.scopes, ', ') || '.';
  end if;
  if date_trunc('minute', token.last_used_at) = date_trunc('minute', now()) then
    token.calls := token.calls + 1;
  else
    token.calls := 1;
  end if;
  if token.calls > 60 then
    raise exception 'this API token was used 60 times in this minute'
      using errcode = 'PT429', hint = 'Wait for the next minute. An answer holds up to 1,000 rows.';
  end if;
  update public.api_tokens as t set last_used_at = now(), calls = token.calls where t.id = token.id;
  return token;
end
$$;

-- What this token is.
create function public.read_token() returns table (tenant text, name text, scopes text[], expires_at timestamptz)
language plpgsql security definer set search_path = ''
as $$
declare
  token constant public.api_tokens := access.use_token(null);
begin
  return query select t.slug, token.name, token.scopes, token.expires_at from public.tenants as t where t.id = token.tenant_id;
end
$$;

-- Devices by slug, 1,000 at most; the next ones come `after` the last slug.
create function public.read_devices(after text default '')
returns table (device text, name text, enabled boolean, created_at timestamptz, last_received_at timestamptz)
language plpgsql security definer set search_path = ''
as $$
declare
  token constant public.api_tokens := access.use_token('devices');
begin
  return query
    select d.slug, d.name, d.enabled, d.created_at, s.last_received_at
    from public.devices as d
    left join public.device_status as s on s.tenant_id = d.tenant_id and s.device_id = d.id
    where d.tenant_id = token.tenant_id and d.slug > coalesce(read_devices.after, '')
    order by d.slug limit 1000;
end
$$;

-- A device's readings, oldest first, 1,000 at most. The next ones: `since` is the last row's ts, `after` its message_id.
create function public.read_readings(
  device text, since timestamptz default now() - interval '1 day', until timestamptz default now(), after text default null
) returns table (ts timestamptz, message_id text, received_at timestamptz, payload jsonb)
language plpgsql security definer set search_path = ''
as $$
declare
  token constant public.api_tokens := access.use_token('telemetry');
  wanted constant uuid := (
    select d.id from public.devices as d where d.tenant_id = token.tenant_id and d.slug = read_readings.device);
begin
  if wanted is null then
    raise exception 'there is no such device' using errcode = 'no_data_found', hint = 'Name it by its slug: see read_devices.';
  end if;
  return query
    select t.ts, t.message_id, t.received_at, t.payload
    from public.telemetry as t
    where t.tenant_id = token.tenant_id and t.device_id = wanted
      and t.ts >= read_readings.since and t.ts < read_readings.until
      and (read_readings.after is null or (t.ts, t.message_id) > (read_readings.since, read_readings.after))
    order by t.ts, t.message_id limit 1000;
end
$$;

-- Alerts by the time they were opened, oldest first, 1,000 at most. The next ones: `since` is the last row's opened_at, `after` its id.
create function public.read_alerts(
  since timestamptz default now() - interval '1 day', until timestamptz default now(), after uuid default null
) returns table (
  id uuid, device text, rule text, severity text, message text, value float8, opened_at timestamptz,
  acknowledged_at timestamptz, resolved_at timestamptz
)
language plpgsql security definer set search_path = ''
as $$
declare
  token constant public.api_tokens := access.use_token('alerts');
begin
  return query
    select a.id, d.slug, r.name, r.severity, a.message, a.value, a.opened_at, a.acknowledged_at, a.resolved_at
    from public.alerts as a
    join public.devices as d on d.tenant_id = a.tenant_id and d.id = a.device_id
    join public.alert_rules as r on r.tenant_id = a.tenant_id and r.id = a.rule_id
    where a.tenant_id = token.tenant_id and a.opened_at >= read_alerts.since and a.opened_at < read_alerts.until
      and (read_alerts.after is null or (a.opened_at, a.id) > (read_alerts.since, read_alerts.after))
    order by a.opened_at, a.id limit 1000;
end
$$;

revoke all on function access.use_token(text), public.create_api_token(uuid, text, text[], int, text), public.revoke_api_token(uuid),
  public.read_token(), public.read_devices(text), public.read_readings(text, timestamptz, timestamptz, text),
  public.read_alerts(timestamptz, timestamptz, uuid) from public, anon, authenticated, service_role;
grant execute on function public.create_api_token(uuid, text, text[], int, text), public.revoke_api_token(uuid) to authenticated;
-- For requests without a session: the token is the credential.
grant execute on function public.read_token(), public.read_devices(text),
  public.read_readings(text, timestamptz, timestamptz, text), public.read_alerts(timestamptz, timestamptz, uuid) to anon;
