// Translates texts that arrive in English, by a table of texts with `{values}`.

/** A name in braces. */
export const ARGUMENT = /\{(\w+)\}/g;

/** English texts with their translations; the first that fits is taken. */
export type Texts = Readonly<Record<string, string>>;

/**
 * The translation, with the values of the text; undefined when the table has none.
 * @param digits writes a number, such as `1234.5`, as the language does.
 */
export function translateText(text: string, texts: Texts, digits: (number: string) => string): string | undefined {
  if (Object.hasOwn(texts, text)) return texts[text];
  for (const { pattern, names, translated } of patternsOf(texts)) {
    const found = pattern.exec(text);
    if (!found) continue;
    const values = names.map((name, index) => {
      const value = found[index + 1] ?? '';
      if (/^-?\d+(\.\d+)?$/.test(value)) return digits(value);
      // A text to be translated; where it is not known, another pattern may fit.
      return /^text\d/.test(name) ? translateText(value, texts, digits) : value;
    });
    if (values.includes(undefined)) continue;
    return translated.replace(ARGUMENT, (_, name: string) => values[names.indexOf(name)] ?? '');
  }
  return undefined;
}

/** A number's digits, such as `1234.5` or `1.2e-5`, with marks between thousands and before decimals. */
export function groupDigits(digits: string, group: string, decimal: string): string {
  const [whole = '', ...rest] = digits.split('.');
  return [digits.includes('e') ? whole : whole.replace(/\B(?=(\d{3})+$)/g, group), ...rest].join(decimal);
}

interface Pattern {
  pattern: RegExp;
  names: string[];
  translated: string;
}
const patterns = new WeakMap<object, Pattern[]>();

/** Of the texts with values. Made once. */
function patternsOf(texts: Texts): Pattern[] {
  const made =
    patterns.get(texts) ??
    Object.entries(texts).flatMap(([english, translated]) => {
      const names = [...english.matchAll(ARGUMENT)].map(([, name]) => name as string);
      const escaped = english.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(ARGUMENT, '(.+?)');
      return names.length === 0 ? [] : [{ pattern: new RegExp(`^${escaped}$`, 's'), names, translated }];
    });
  patterns.set(texts, made);
  return made;
}
