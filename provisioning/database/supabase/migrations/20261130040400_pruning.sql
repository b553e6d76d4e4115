-- One job removes what has ended, in steps: each a statement of its own with a bound, so that it never holds a lock for long, and what is cut
-- goes on the next time.

-- Entries older than 400 days go; who made which tenant stays, because it is counted.
create or replace function access.refuse_audit_change() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'DELETE' then
    if not exists (select from public.tenants as t where t.id = old.tenant_id)
      or old.at < now() - interval '400 days' and old.action <> 'tenant.created' then
      return old;
    end if;
  end if;
  raise exception 'the audit log is append only: % is refused', lower(tg_op) using errcode = 'insufficient_privilege';
end
$$;
create index audit_log_at on public.audit_log (at) where action <> 'tenant.created';
create index device_commands_ended on public.device_commands (requested_at) where sent_at is not null or error is not null;
create index device_commands_expiring on public.device_commands (expires_at) where sent_at is null and error is null;
create index invitations_created on public.invitations (created_at);
create index device_credentials_revoked on public.device_credentials (revoked_at) where revoked_at is not null;
create index temporary_limits_until on access.temporary_limits (until);

-- Prunes one thing, at most `most` rows, and returns how many; fewer than `most` means that nothing is left. The things, and how long they
-- are kept, are below.
create function ingest.prune(what text, most int) returns int
language plpgsql security definer set search_path = ''
as $$
declare
  pruned int;
begin
  if (most between 1 and 10000) is not true then
    raise exception 'most is %', coalesce(most::text, 'null') using errcode = 'invalid_parameter_value', hint = 'Use 1 to 10000.';
  end if;
  case what
    when 'dead letters' then
      delete from public.dead_letters where id in (
        select id from public.dead_letters where received_at < now() - interval '30 days' order by received_at limit most);
    when 'dead letter counts' then
      delete from public.dead_letter_counts where (tenant_id, hour, reason) in (
        select tenant_id, hour, reason from public.dead_letter_counts where hour < now() - interval '400 days' order by hour limit most);
    when 'waiting commands' then
      -- Not removed yet: people see that it was never sent.
      update public.device_commands set error = 'It expired: it could not be sent in time.' where id in (
        select id from public.device_commands where sent_at is null and error is null and expires_at <= now()
        order by expires_at limit most for update skip locked);
    when 'ended commands' then
      delete from public.device_commands where id in (
        select id from public.device_commands
        where (sent_at is not null or error is not null) and requested_at < now() - interval '30 days' order by requested_at limit most);
    when 'invitations' then
      -- One that was never accepted ends after 7 days.
      delete from public.invitations where id in (
        select id from public.invitations where created_at < now() - interval '90 days' order by created_at limit most);
    when 'audit log' then
      delete from public.audit_log where id in (
        select id from public.audit_log where at < now() - interval '400 days' and action <> 'tenant.created' order by at limit most);
    when 'revoked keys' then
      delete from public.device_credentials where id in (
        select id from public.device_credentials where revoked_at < now() - interval '400 days' order by revoked_at limit most);
    when 'temporary limits' then
      delete from access.temporary_limits where (tenant_id, name) in (
        select tenant_id, name from access.temporary_limits where until <= now() order by until limit most);
    when 'ledger' then
      -- As long as readings, by default. 5 MB a tenant that sends every minute.
      delete from public.ingest_ledger where (tenant_id, minute) in (
        select tenant_id, minute from public.ingest_ledger where minute < now() - interval '30 days' order by minute limit most);
    when 'refusals' then
      delete from public.refusals where (tenant_id, hour, reason) in (
        select tenant_id, hour, reason from public.refusals where hour < now() - interval '30 days' order by hour limit most);
    when 'untimed' then
      -- How long a message without a timestamp is recognised when its device sends it again under the same id. Redeliveries by the
      -- broker need less: they come when ingest connects.
      delete from ingest.untimed where (tenant_id, device_id, message_id) in (
        select tenant_id, device_id, message_id from ingest.untimed where received_at < now() - interval '3 days'
        order by received_at limit most);
    else
      raise exception 'there is nothing called % to prune', coalesce(quote_literal(what), 'null') using errcode = 'invalid_parameter_value';
  end case;
  get diagnostics pruned = row_count;
  return pruned;
end
$$;
revoke all on function ingest.prune(text, int) from public, anon, authenticated, service_role;
grant execute on function ingest.prune(text, int) to mqtt_ingest;

-- ingest.prune_untimed and ingest.prune_ledger prune everything in one statement. They stay for the version before this one.
