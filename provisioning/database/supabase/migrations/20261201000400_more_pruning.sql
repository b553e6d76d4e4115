-- Resolved alerts are pruned, too: a simulated year showed that they grow without end. What is pruned, and when, is a list.

create index alerts_resolved on public.alerts (resolved_at) where resolved_at is not null;

-- Prunes one thing, at most `most` rows, and returns how many; fewer than `most` means that nothing is left.
create or replace function ingest.prune(what text, most int) returns int
language plpgsql security definer set search_path = ''
as $$
declare
  thing record;
  pruned int;
begin
  if (most between 1 and 10000) is not true then
    raise exception 'most is %', coalesce(most::text, 'null') using errcode = 'invalid_parameter_value', hint = 'Use 1 to 10000.';
  end if;
  if what = 'waiting commands' then
    -- Not removed yet: people see that it was never sent.
    update public.device_commands set error = 'It expired: it could not be sent in time.' where id in (
      select id from public.device_commands where sent_at is null and error is null and expires_at <= now()
      order by expires_at limit most for update skip locked);
    get diagnostics pruned = row_count;
    return pruned;
  end if;
  select * into thing from (values
    ('dead letters', 'public.dead_letters', 'id', 'received_at', '30 days', 'true'),
    ('dead letter counts', 'public.dead_letter_counts', 'tenant_id, hour, reason', 'hour', '400 days', 'true'),
    ('ended commands', 'public.device_commands', 'id', 'requested_at', '30 days', 'sent_at is not null or error is not null'),
    -- One that was never accepted ends after 7 days.
    ('invitations', 'public.invitations', 'id', 'created_at', '90 days', 'true'),
    ('audit log', 'public.audit_log', 'id', 'at', '400 days', $sql$action <> 'tenant.created'$sql$),
    ('revoked keys', 'public.device_credentials', 'id', 'revoked_at', '400 days', 'true'),
    ('temporary limits', 'access.temporary_limits', 'tenant_id, name', 'until', '0', 'true'),
    -- Open ones stay. What was told of an alert goes with it.
    ('alerts', 'public.alerts', 'id', 'resolved_at', '400 days', 'true'),
    -- As long as readings, by default. 5 MB a tenant that sends every minute.
    ('ledger', 'public.ingest_ledger', 'tenant_id, minute', 'minute', '30 days', 'true'),
    ('refusals', 'public.refusals', 'tenant_id, hour, reason', 'hour', '30 days', 'true'),
    -- How long a message without a timestamp is recognised when its device sends it again under the same id. Redeliveries by the broker
    -- need less: they come when ingest connects.
    ('untimed', 'ingest.untimed', 'tenant_id, device_id, message_id', 'received_at', '3 days', 'true')
  ) as t (what, relation, key, since, kept, ended) where t.what = prune.what;
  if not found then
    raise exception 'there is nothing called % to prune', coalesce(quote_literal(what), 'null') using errcode = 'invalid_parameter_value';
  end if;
  execute format('delete from %1$s where (%2$s) in (select %2$s from %1$s where %3$I < now() - interval %4$L and (%5$s) order by %3$I limit %6$s)',
    thing.relation, thing.key, thing.since, thing.kept, thing.ended, most);
  get diagnostics pruned = row_count;
  return pruned;
end
$$;
