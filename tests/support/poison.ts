// A reading that ingest accepts and the database refuses. Postgres takes whatever ingest accepts, so a trigger refuses this
// one. Its error holds the row, as errors of Postgres' own may.
import type pg from 'pg';

/** JSON of a reading that the trigger refuses. @param members that it has besides. */
export const poison = (members = {}): string => JSON.stringify({ ...members, poison: true });

/** @param admin a superuser's connection. */
export async function refusePoison(admin: pg.Client): Promise<void> {
  await admin.query(`
    create function public.refuse_poison() returns trigger language plpgsql as $$ begin
      if new.payload ? 'poison' then
        raise exception 'refused: %', new.payload using errcode = 'data_exception', detail = new.payload;
      end if;
      return new;
    end $$;
    create trigger refuse_poison before insert on public.telemetry for each row execute function public.refuse_poison()`);
}
