// What the API must answer each attack, by the matrices that the database is held to: no other refusal counts as one.
import type { Actor } from '../../provisioning/database/testing/actors.ts';
import type { Attack } from '../../provisioning/database/testing/attacks.ts';
import { NOT_FOUND, REFUSED } from '../../provisioning/database/testing/database.ts';
import { CALLS, FUNCTION_MATRIX } from '../../provisioning/database/testing/functions.ts';
import { COLUMNS, readMatrix } from '../../provisioning/database/testing/matrix.ts';
import type { Tenant } from '../../provisioning/database/testing/world.ts';

/** foreign_key_violation */
const DANGLING = '23503';
/** The API knows no column that nobody may read: it does not even ask the database. */
const UNKNOWN_COLUMN = 'PGRST204';

/** Their other arguments choose among the tenant's rows: another tenant's id chooses none, and that is not an error. */
const FILTERING = new Set(['discard_dead_letters', 'tag_devices', 'set_devices_enabled', 'delete_devices']);

const tables = new Map(readMatrix().map(({ table, cells }) => [table, cells]));
const functions = new Map(readMatrix(FUNCTION_MATRIX).map(({ table: name, cells }) => [name, cells]));

/**
 * The code of the answer; undefined where nothing is refused, because nothing of theirs is found.
 * @param mine the attacker's tenant, or the one that a stranger claims.
 */
export function codeOf(attack: Attack, attacker: Actor, mine: Tenant): string | undefined {
  if (attack.verb === 'sql') throw new Error('the API runs no SQL');
  if (attack.verb === 'rpc') {
    // A function judges by the first id that it is given.
    const [judgedBy] = Object.keys(attack.args).filter((key) => key.endsWith('_id'));
    const isAboutMine = judgedBy !== undefined && attack.args[judgedBy] === CALLS[attack.function]?.(mine)[judgedBy];
    const cell = functions.get(attack.function)![attacker]!;
    if (FILTERING.has(attack.function) && isAboutMine && cell.startsWith('Y')) return undefined;
    return codeOfCall(cell, isAboutMine);
  }
  const cell = tables.get(`public.${attack.table}`)![attacker]!;
  const [own, other] = cell.split('/') as [string, string];
  const { select, insert, update } = COLUMNS[`public.${attack.table}`]?.authenticated ?? {};
  switch (attack.verb) {
    case 'select':
      return lacks(select, attack.columns ?? ['*']) ? REFUSED : undefined;
    case 'insert': {
      const columns = Object.keys(attack.values);
      if (lacks(select, columns)) return UNKNOWN_COLUMN;
      const isOwn = attack.values.tenant_id === mine.id && own[1] === 'I';
      return isOwn && !lacks(insert, columns) ? DANGLING : REFUSED;
    }
    case 'update':
      if (lacks(select, Object.keys(attack.values))) return UNKNOWN_COLUMN;
      if (other[2] === '-' || lacks(update, Object.keys(attack.values))) return REFUSED;
      // A rule of one's own, to be turned to a device of theirs.
      return own[2] === 'U' && attack.values.device_id ? DANGLING : undefined;
    case 'delete':
      return other[3] === '-' ? REFUSED : undefined;
  }
}

/** What is not among the granted columns. @param granted undefined: all. */
const lacks = (granted: string | undefined, columns: string[]): boolean =>
  granted !== undefined && columns.some((column) => !granted.split(' ').includes(column));

/** A member's id of another tenant is answered like one that does not exist. */
function codeOfCall(cell: string, isAboutMine: boolean): string | undefined {
  const [own, other] = cell.split('/') as [string, string];
  const sign = isAboutMine && own !== 'Y' ? own : other;
  const code = { f: REFUSED, n: NOT_FOUND, 0: undefined, '-': REFUSED };
  if (!(sign in code)) throw new Error(`no answer is known for ${cell}`);
  return code[sign as keyof typeof code];
}
