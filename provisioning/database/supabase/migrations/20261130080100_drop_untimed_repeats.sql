-- Ingest has not written to ingest.untimed_repeats since the broker's gate stamps messages: its rows, at most 3 days old, are of no use.

create or replace function ingest.prune_untimed(older_than interval) returns bigint
language plpgsql security definer set search_path = ''
as $$
declare
  pruned bigint;
begin
  if older_than is null or older_than < interval '1 hour' then
    raise exception 'older_than is %, it must be an hour or more', coalesce(older_than::text, 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  delete from ingest.untimed where received_at < now() - older_than;
  get diagnostics pruned = row_count;
  return pruned;
end
$$;

-- Its only client was ingest.
-- squawk-ignore ban-drop-table
drop table ingest.untimed_repeats;
