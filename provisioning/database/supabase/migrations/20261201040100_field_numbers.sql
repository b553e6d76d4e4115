-- Which numbers a reading has. A field is named as it stands in the reading, or by its path (`a.b`, `list.0`) down to three names.
-- A number as text is a number; true is 1 and false is 0. `features/telemetry/fields.ts` of the dashboard says the same.

-- A value as a number to calculate with. A device may send 1e400, which no double holds, or 1e200, whose square avg() needs: these
-- have none.
create function access.as_number(value jsonb) returns float8
language sql immutable parallel safe
return case jsonb_typeof(value)
  when 'number' then case
    when value > '-1e-300' and value < '1e-300' then 0
    when value > '-1e100' and value < '1e100' then (value #>> '{}')::float8 end
  when 'boolean' then case when value = 'true' then 1 else 0 end
  when 'string' then case
    -- Below 1e100 and above 1e-300, whatever matches.
    when value #>> '{}' ~ '^[+-]?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-7]?[0-9])?$' then (value #>> '{}')::float8 end
end;

-- The same of a field that is not a plain number at the top.
create function access.number_below(payload jsonb, field text) returns float8
language sql immutable parallel safe
return access.as_number(case
  when payload ? field then payload -> field
  when array_length(string_to_array(field, '.'), 1) <= 3 then payload #> string_to_array(field, '.') end);

-- A field of a reading as a number, or null. The usual case is compared as jsonb, between numbers only numbers are, and nothing is
-- parsed twice.
create or replace function access.number_of(payload jsonb, field text) returns float8
language sql immutable parallel safe
return case
  when payload -> field >= '1e-300' and payload -> field < '1e100' then (payload ->> field)::float8
  when payload -> field <= '-1e-300' and payload -> field > '-1e100' then (payload ->> field)::float8
  when payload ? field or position('.' in field) > 0 then access.number_below(payload, field)
end;

-- What is in an object or in a list of at most 16.
create function access.members_of(value jsonb) returns table (name text, value jsonb)
language sql immutable parallel safe
begin atomic
  select e.key, e.value from jsonb_each(case jsonb_typeof(members_of.value) when 'object' then members_of.value else '{}' end) as e
  union all
  select (e.place - 1)::text, e.value
  from jsonb_array_elements(case when jsonb_typeof(members_of.value) = 'array' and jsonb_array_length(members_of.value) <= 16
    then members_of.value else '[]' end) with ordinality as e (value, place);
end;

-- All fields of a reading, each once, with the number that access.number_of answers with, or null; but for `id` and `ts`, which are the
-- message's. (One whose name has a dot at the top hides one at the end of a path.)
create function access.numbers_of(payload jsonb) returns table (field text, value float8)
language sql immutable parallel safe
begin atomic
  select t.name, access.as_number(t.value) from access.members_of(payload) as t
  where jsonb_typeof(payload) = 'object' and t.name <> all ('{id,ts}')
  union all
  select t.name || '.' || m.name, access.as_number(m.value)
  from access.members_of(payload) as t
  cross join lateral access.members_of(t.value) as m
  where jsonb_typeof(payload) = 'object' and jsonb_typeof(t.value) in ('object', 'array')
    and t.name !~ '\.' and m.name !~ '\.' and not payload ? (t.name || '.' || m.name)
  union all
  select t.name || '.' || m.name || '.' || l.name, access.as_number(l.value)
  from access.members_of(payload) as t
  cross join lateral access.members_of(t.value) as m
  cross join lateral access.members_of(m.value) as l
  where jsonb_typeof(payload) = 'object' and jsonb_typeof(t.value) in ('object', 'array') and jsonb_typeof(m.value) in ('object', 'array')
    and t.name !~ '\.' and m.name !~ '\.' and l.name !~ '\.' and not payload ? (t.name || '.' || m.name || '.' || l.name);
end;

revoke all on function access.as_number(jsonb), access.number_below(jsonb, text), access.members_of(jsonb), access.numbers_of(jsonb)
  from public, anon, authenticated, service_role;
grant execute on function access.as_number(jsonb), access.number_below(jsonb, text) to authenticated;
