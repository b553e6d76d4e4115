-- The message in plain English; the check is the same.

create or replace function access.check_password_hash(password_hash text) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if (password_hash ~ '^\$7\$([1-9][0-9]{0,2}|1000)\$[A-Za-z0-9+/]{4,64}={0,2}\$[A-Za-z0-9+/]{86}==$') is not true then
    raise exception 'this is not the hash of a device key'
      using errcode = 'invalid_parameter_value',
        hint = 'Send Mosquitto''s PBKDF2-SHA512 line with at most 1000 rounds, $7$..., never the key.';
  end if;
end
$$;
