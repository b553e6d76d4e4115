// An attack as the SQL that PostgREST would make of it.
import type { Attack } from './attacks.ts';
import { callStatement } from './functions.ts';
import type { Values } from './samples.ts';

/** The statement and its values. */
export function attackStatement(attack: Attack): { sql: string; values: unknown[] } {
  const values: unknown[] = [];
  const mark = (value: unknown) => `$${values.push(value)}`;
  const filter = (where: Values) => {
    const terms = Object.entries(where).map(([column, value]) => `${column} = ${mark(value)}`);
    return terms.length > 0 ? ` where ${terms.join(' and ')}` : '';
  };
  switch (attack.verb) {
    case 'sql':
      return { sql: attack.sql, values };
    case 'rpc':
      return callStatement(attack.function, attack.args);
    case 'select':
      return {
        sql: `select ${attack.columns?.join(', ') ?? '*'} from public.${attack.table}${filter(attack.where)}`,
        values,
      };
    case 'delete':
      return { sql: `delete from public.${attack.table}${filter(attack.where)}`, values };
    case 'update': {
      const set = Object.entries(attack.values).map(([column, value]) => `${column} = ${mark(value)}`);
      return { sql: `update public.${attack.table} set ${set.join(', ')}${filter(attack.where)}`, values };
    }
    case 'insert': {
      const columns = Object.keys(attack.values);
      const marks = Object.values(attack.values).map(mark);
      const conflict = attack.onConflict
        ? ` on conflict (${attack.onConflict.join(', ')}) do update set ${columns.map((one) => `${one} = excluded.${one}`).join(', ')}`
        : '';
      return {
        sql: `insert into public.${attack.table} (${columns.join(', ')}) values (${marks.join(', ')})${conflict}`,
        values,
      };
    }
  }
}
