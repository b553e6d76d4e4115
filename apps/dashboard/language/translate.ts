// What people read, in the language that is shown. The source has the English message in ICU's syntax, as far as it is used here:
// arguments, plurals, and in rich() tags. A message that the catalogue lacks, or an argument that is missing, is a compile error.
import { createElement, Fragment, type ReactNode } from 'react';
import { ARGUMENT, translateText } from '../../../domain/translate-text.ts';
import type { INDONESIAN } from './indonesian.ts';
import { localDigits, shownLanguage, textsFromElsewhere, translation } from './language.ts';

/** The English messages. What follows ` ##` tells two of the same words apart, and is not shown. */
export type Message = keyof typeof INDONESIAN;

/** The names of a message's arguments and plurals; `{` after the name of a plural's form begins that form's text. */
type NameOf<Text> = Text extends `${infer Before}{${infer Rest}`
  ? (Before extends `${string}${FormName} ` ? never : NameAt<Rest>) | NameOf<Rest>
  : never;
type FormName = 'one' | 'other' | '=0' | '=1';
type NameAt<Rest> = Rest extends `${infer Name}}${string}`
  ? Name extends `${infer First},${string}`
    ? First
    : Name
  : never;
/** Of the plurals alone. */
type CountOf<Text> = Text extends `${string}{${infer Rest}` ? CountAt<Rest> | CountOf<Rest> : never;
type CountAt<Rest> = Rest extends `${infer Name}, plural,${string}`
  ? Name extends `${string}${' ' | '}' | '{'}${string}`
    ? never
    : Name
  : never;
type TagOf<Text> = Text extends `${string}</${infer Name}>${infer Rest}` ? Name | TagOf<Rest> : never;

type Values<Text, Value> = { [Name in Exclude<NameOf<Text>, CountOf<Text>> & string]: Value } & {
  [Name in CountOf<Text> & string]: number;
};
type Given<All> = keyof All extends never ? [] : [values: All];

/** Messages that take no values: for tables of words, which are made before the language is known. */
export type PlainMessage = { [Text in Message]: NameOf<Text> | TagOf<Text> extends never ? Text : never }[Message];

/** A message as text. Numbers are written as the language writes them: give ids, ports and years as text. */
export function t<Text extends Message>(message: Text, ...[values]: Given<Values<Text, string | number>>): string {
  return textOf(message, values).replace(ARGUMENT, (_, name: string) => written(valueNamed(values, name)));
}

/**
 * An English text that the database or a program has written, translated where the catalogue knows it; others stay as they are. The
 * catalogue has `{arguments}` where the text has values; `{text1}` is a text that is translated, too.
 */
export function foreign(text: string): string {
  return translateText(text, textsFromElsewhere(), localDigits) ?? text;
}

/** A message with elements in it: as values, and as what a tag makes of its text, `<link>…</link>`. */
export function rich<Text extends Message>(
  message: Text,
  values: Values<Text, ReactNode> & { [Name in TagOf<Text>]: (text: string) => ReactNode },
): ReactNode {
  const parts = textOf(message, values).split(/(\{\w+\}|<\w+>[^<]*<\/\w+>)/);
  const nodes = parts.map((part, index) => {
    if (index % 2 === 0) return part;
    const [, name = ''] = /(\w+)/.exec(part) ?? [];
    const value = valueNamed(values, name);
    if (part.startsWith('{')) return typeof value === 'number' ? written(value) : (value as ReactNode);
    const text = part
      .slice(name.length + 2, -name.length - 3)
      .replace(ARGUMENT, (_, each: string) => written(valueNamed(values, each)));
    return (value as (text: string) => ReactNode)(text);
  });
  return createElement(Fragment, null, ...nodes);
}

const PLURAL = /\{(\w+), plural, ((?:=?\w+ \{(?:[^{}]|\{\w+\})*\} ?)+)\}/g;
const FORM = /(=?\w+) \{((?:[^{}]|\{\w+\})*)\}/g;

/** The message in the language that is shown, with the forms that fit its counts. */
function textOf(message: string, values: unknown): string {
  const text = translation(message) ?? message.replace(/ ##.*$/, '');
  return text.replace(PLURAL, (_, name: string, forms: string) => {
    const count = valueNamed(values, name) as number;
    const found = new Map([...forms.matchAll(FORM)].map(([, form, words]) => [form, words]));
    const form = found.get(`=${count}`) ?? (count === 1 && shownLanguage() === 'en' ? found.get('one') : undefined);
    return (form ?? found.get('other') ?? '').replaceAll('#', written(count));
  });
}

const valueNamed = (values: unknown, name: string) => (values as Record<string, unknown>)[name];
const written = (value: unknown) => (typeof value === 'number' ? localDigits(String(value)) : String(value));
