// How the terminal shows operations and values.
import type { Colors } from '../../bootstrap/colors.ts';
import type { Operation } from '../change.ts';
import { UNKNOWN, type Wire } from '../engine/wire.ts';
import { REDACTED } from '../secrets.ts';

export type Style = ReturnType<typeof makeStyle>;

/** Longest value shown in a line, in characters. */
const LONGEST_VALUE = 100;

/** Without colours, the text is the same. */
export function makeStyle({ green, yellow, red, magenta, dim, bold, cyan }: Colors) {
  const colour: Record<Operation, (text: string) => string> = {
    create: green,
    import: green,
    update: yellow,
    replace: magenta,
    delete: red,
    same: dim,
  };
  return { dim, bold, cyan, red, yellow, green, of: (operation: Operation) => colour[operation] };
}

export const SYMBOLS: Record<Operation, string> = {
  create: '+',
  import: '=',
  update: '~',
  replace: '±',
  delete: '-',
  same: ' ',
};

/** A bridged type names its module twice: `random:index/randomPassword:RandomPassword` reads `random:index:RandomPassword`. */
export function shortType(type: string): string {
  return type.replace(/^([^:]+:[^:/]+)\/[^:]+:/, '$1:');
}

export function formatValue(value: Wire | undefined): string {
  if (value === UNKNOWN) return '(known after deploy)';
  if (value === REDACTED) return REDACTED;
  const text = JSON.stringify(value ?? null)
    .replaceAll(`"${UNKNOWN}"`, '(known after deploy)')
    .replaceAll(UNKNOWN, '(known after deploy)')
    .replaceAll(`"${REDACTED}"`, REDACTED);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}… (${text.length} characters)` : text;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
