-- The ingest page's bars, added up here: the API cuts an answer at its max rows (1000 by default), and a day has 1440
-- minutes.

-- The tenant's last `bars` spans of `minutes` each, oldest first; the newest is the one of now. A span without a message is
-- a row of zeros. `begun` is how many of its minutes have begun. The latency is from a batch's first message to its rows,
-- in milliseconds. No row for a tenant that the caller does not belong to.
create function public.ingest_spans(tenant_id uuid, bars int, minutes int)
returns table (at timestamptz, begun int, received bigint, stored bigint, duplicate bigint, rejected bigint,
  over_quota bigint, latency_ms_avg float8, latency_ms_max float8)
language plpgsql stable set search_path = ''
as $$
declare
  width constant interval := make_interval(mins => ingest_spans.minutes);
  newest timestamptz;
begin
  if (ingest_spans.bars between 1 and 2000) is not true or (ingest_spans.minutes between 1 and 1440) is not true then
    raise exception 'bars is %, minutes is %', coalesce(ingest_spans.bars::text, 'null'),
        coalesce(ingest_spans.minutes::text, 'null')
      using errcode = 'invalid_parameter_value', hint = 'Use 1 to 2000 bars of 1 to 1440 minutes.';
  end if;
  if (ingest_spans.tenant_id <> all (access.my_tenants())) is not false then
    return;
  end if;
  newest := date_bin(width, now(), timestamptz 'epoch');
  return query
  select b.at, least(ingest_spans.minutes, floor(extract(epoch from now() - b.at) / 60)::int + 1),
    coalesce(l.received, 0), coalesce(l.stored, 0), coalesce(l.duplicate, 0), coalesce(l.rejected, 0),
    coalesce(l.over_quota, 0), l.waited / nullif(l.received, 0), l.longest
  from generate_series(newest - (ingest_spans.bars - 1) * width, newest, width) as b (at)
  left join (
    select date_bin(width, m.minute, timestamptz 'epoch') as at, sum(m.received)::bigint as received,
      sum(m.stored)::bigint as stored, sum(m.duplicate)::bigint as duplicate, sum(m.rejected)::bigint as rejected,
      sum(m.over_quota)::bigint as over_quota, sum(m.latency_ms_sum) as waited, max(m.latency_ms_max) as longest
    from public.ingest_ledger as m
    where m.tenant_id = ingest_spans.tenant_id and m.minute >= newest - (ingest_spans.bars - 1) * width
      and m.minute <= now()
    group by 1
  ) as l using (at)
  order by b.at;
end
$$;

revoke all on function public.ingest_spans(uuid, int, int) from public, anon, authenticated, service_role;
grant execute on function public.ingest_spans(uuid, int, int) to authenticated;

-- Its answer grew with the range.
drop function public.ingest_minutes(uuid, timestamptz);
