-- For the dashboard: whether the database takes no writes, because it is full or is failing over. Also for people who are not signed in.
-- Not transaction_read_only: the API reads in read-only transactions.
create function public.read_only() returns boolean
language sql stable set search_path = ''
as $$
  select current_setting('default_transaction_read_only') = 'on' or pg_is_in_recovery();
$$;
revoke all on function public.read_only() from public, anon, authenticated, service_role;
grant execute on function public.read_only() to anon, authenticated;
