-- As before, and resolved alerts, which a simulated year showed to grow without end.

create index alerts_resolved on public.alerts (resolved_at) where resolved_at is not null;

-- Prunes one thing, at most `most` rows, and returns how many; fewer than `most` means that nothing is left.
create or replace function ingest.prune(what text, most int) returns int
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
    when 'alerts' then
      -- Open ones stay. What was told of an alert goes with it.
      delete from public.alerts where id in (
        select id from public.alerts where resolved_at < now() - interval '400 days' order by resolved_at limit most);
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
