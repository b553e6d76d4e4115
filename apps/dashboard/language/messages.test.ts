// Every word that a person reads is in the catalogue; both languages of a message take the same values; a well-known library writes them alike.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IntlMessageFormat } from 'intl-messageformat';
import { createElement, type ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import ts from 'typescript';
import { afterEach, describe, expect, test } from 'vitest';
import { INDONESIAN } from './indonesian.ts';
import { FROM_ELSEWHERE, TEXTS } from './indonesian-from-elsewhere.ts';
import { setShown, translation } from './language.ts';
import { foreign, rich, t } from './translate.ts';

const DASHBOARD = join(import.meta.dirname, '..');
/** Programs for devices and data tools, types of the database's rows, scripts that run before the page. */
const NOT_WORDS = /database\.ts$|snippets\.ts$|examples\.ts$|mailed-link\.ts$|theme\.ts$|\.test\.tsx?$/;
const files = globSync('{app,features,ui}/**/*.{ts,tsx}', { cwd: DASHBOARD }).filter((file) => !NOT_WORDS.test(file));

/** Capitals and spaces that are not for people, or the same in every language. */
const EXCEPTIONS = new Set([
  // Names of products and of programs.
  'mqtt-saas',
  'Linux, macOS: mosquitto_pub',
  'Windows: mosquitto_pub in PowerShell',
  'ESP32: Arduino',
  'Node.js',
  'Node-RED',
  'Python',
  'Telegraf',
  'Home Assistant',
  'curl',
  // Names of JSON members that sensors use.
  'Time',
  'Epoch',
  // Placeholders.
  '°C',
  'https://',
]);

/** Attributes and parameters that people read. */
const READ =
  /^(title|about|label|hint|action|placeholder|aria-label|alt|caption|header|noun|nameHint|slugHint|when|description)$/;
/** Text that looks as if it were for people: several words, a sentence, a word with a capital letter. */
const PROSE = /^(?=.*\p{L}\p{Ll})([\p{Lu}“]\S*\s.*\p{L}|.*\p{L}.*\s.*[.?!…]$|\p{Lu}[\p{Ll}-]+…?$)/u;
/** A message without what tells two of the same words apart. */
const english = (message: string) => message.replace(/ ##.*$/, '');
const hasLetters = (text: string) => /\p{L}/u.test(text);

interface Literals {
  /** Texts without arguments, by place. */
  texts: { text: string; isRead: boolean; at: string }[];
  /** Names of members: some tables are of messages. */
  names: string[];
  /** Text between elements, and templates: never a message. */
  loose: string[];
}

function literalsOf(file: string): Literals {
  const source = ts.createSourceFile(file, readFileSync(join(DASHBOARD, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Literals = { texts: [], names: [], loose: [] };
  const at = (node: ts.Node) => `${file}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}`;
  const visit = (node: ts.Node, isRead: boolean): void => {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isJsxElement(node) && /^(code|pre)$/.test(node.openingElement.tagName.getText(source))) return;
    if (ts.isJsxText(node) && hasLetters(node.text) && !EXCEPTIONS.has(node.text.trim()))
      found.loose.push(`${at(node)}: ${node.text.trim()}`);
    if (ts.isStringLiteralLike(node)) found.texts.push({ text: node.text, isRead, at: at(node) });
    if (ts.isPropertyAssignment(node)) found.names.push(node.name.getText(source));
    if (ts.isTemplateExpression(node)) {
      const text = [node.head, ...node.templateSpans.map(({ literal }) => literal)].map((part) => part.text).join('{}');
      if ((isRead && hasLetters(text)) || PROSE.test(text)) found.loose.push(`${at(node)}: ${text}`);
    }
    const reads = ts.isJsxAttribute(node) ? READ.test(node.name.getText(source)) : isRead;
    // What is called with a text, or compared with it, makes something else of it.
    const inner = ts.isCallExpression(node) || ts.isBinaryExpression(node) ? false : reads;
    ts.forEachChild(node, (child) => visit(child, inner));
  };
  visit(source, false);
  return found;
}

const literals = files.map(literalsOf);
const texts = literals.flatMap((file) => file.texts);

test('what people read is a message', () => {
  const isMessage = (text: string) => Object.hasOwn(INDONESIAN, text) || EXCEPTIONS.has(text);
  const strangers = texts.filter(
    ({ text, isRead }) => (PROSE.test(text) || (isRead && hasLetters(text))) && !isMessage(text),
  );
  expect([...literals.flatMap(({ loose }) => loose), ...strangers.map(({ at, text }) => `${at}: ${text}`)]).toEqual([]);
});

test('no message is taken before the language is known: when a file is loaded, or the page exported', () => {
  const early = files.flatMap((file) => {
    const source = ts.createSourceFile(file, readFileSync(join(DASHBOARD, file), 'utf8'), ts.ScriptTarget.Latest, true);
    const isExported = file.startsWith('app/') && !source.text.startsWith("'use client'");
    const calls = (node: ts.Node): string[] => {
      if (ts.isFunctionLike(node) && !isExported) return [];
      // Titles are exported in English, and translated in the page's head.
      if (ts.isVariableDeclaration(node) && node.name.getText(source) === 'metadata') return [];
      const isTaken = ts.isCallExpression(node) && /^(t|rich|foreign)$/.test(node.expression.getText(source));
      const inner: string[] = [];
      ts.forEachChild(node, (child) => void inner.push(...calls(child)));
      return isTaken ? [`${file}: ${node.getText(source)}`, ...inner] : inner;
    };
    return calls(source);
  });
  expect(early).toEqual([]);
});

test('no message is unused', () => {
  // Roles and themes are named by their values.
  const tables = ['../../domain/members.ts', 'features/shell/theme.ts'].flatMap((file) => literalsOf(file).texts);
  const names = literals.flatMap((file) => file.names);
  const used = new Set([...[...texts, ...tables].map(({ text }) => text), ...names]);
  expect(Object.keys(INDONESIAN).filter((message) => !used.has(message))).toEqual([]);
});

const ELEMENT_TYPES = { argument: 1, plural: 6, tag: 8 };
interface Element {
  type: number;
  value: string;
  options?: Record<string, { value: Element[] }>;
  children?: Element[];
}

/** The arguments, plurals and tags of a message, by FormatJS's parser. */
function valuesOf(message: string): string[] {
  const collect = (elements: Element[]): string[] =>
    elements.flatMap(({ type, value, options, children }) => [
      ...(type === ELEMENT_TYPES.argument || type === ELEMENT_TYPES.plural ? [value] : []),
      ...(type === ELEMENT_TYPES.tag ? [`<${value}>`] : []),
      ...Object.values(options ?? {}).flatMap((option) => collect(option.value)),
      ...collect(children ?? []),
    ]);
  return [...new Set(collect(new IntlMessageFormat(message, 'en').getAst() as Element[]))].sort();
}

const pairs = Object.entries(INDONESIAN).map(([message, translated]) => [english(message), translated] as const);

test('both languages of a message take the same values', () => {
  const different = pairs.filter(([message, translated]) => `${valuesOf(message)}` !== `${valuesOf(translated)}`);
  expect(different).toEqual([]);
});

test('a translation is not empty, ends as its message does, and has no straight apostrophe', () => {
  const end = (text: string) => /[.:?…]?(?=\}*$)/.exec(text)?.[0];
  expect(pairs.filter(([message, translated]) => end(message) !== end(translated))).toEqual([]);
  expect(pairs.filter(([, translated]) => translated.trim() === '' || translated.includes("'"))).toEqual([]);
});

describe.each(['en', 'id'] as const)('%s', (language) => {
  afterEach(() => setShown('en'));

  // 1, because English has a form for it, and 1,234, because its thousands are grouped.
  test.each([0, 1, 1234])('messages are written as FormatJS writes them, for the number %d', (number) => {
    setShown(language, language === 'en' ? undefined : INDONESIAN);
    const differing = Object.entries(INDONESIAN).flatMap(([message, translated]) => {
      const shown = language === 'en' ? english(message) : translated;
      if (!shown.includes('{')) return [];
      const names = valuesOf(shown);
      if (names.some((name) => name.startsWith('<'))) return [];
      const isCount = (name: string) => shown.includes(`{${name}, plural`);
      const values = Object.fromEntries(names.map((name) => [name, isCount(name) ? number : `(${name})`]));
      const written = (t as (message: string, values: object) => string)(message, values);
      const expected = new IntlMessageFormat(shown, language).format(values);
      return written === expected ? [] : [`${written} / ${expected}`];
    });
    expect(differing).toEqual([]);
  });
});

const ROOT = join(DASHBOARD, '../..');

test('elements take the place of their tags and values', () => {
  const withTags = pairs.filter(([message]) => message.includes('</'));
  expect(withTags.length).toBeGreaterThan(5);
  for (const [message, translated] of withTags) {
    for (const [language, shown] of [
      ['en', message],
      ['id', translated],
    ] as const) {
      setShown(language, language === 'en' ? undefined : INDONESIAN);
      const names = valuesOf(shown);
      const tags = names.filter((name) => name.startsWith('<')).map((name) => name.slice(1, -1));
      const values = Object.fromEntries(
        names.map((name) => [name, shown.includes(`{${name}, plural`) ? 5 : `(${name})`]),
      );
      const elements = Object.fromEntries(tags.map((tag) => [tag, (text: string) => createElement('b', {}, text)]));
      const texts = Object.fromEntries(tags.map((tag) => [tag, (chunks: unknown[]) => `<b>${chunks.join('')}</b>`]));
      const made = (rich as (message: string, values: object) => ReactNode)(message, { ...values, ...elements });
      const expected = new IntlMessageFormat(shown, language).format({ ...values, ...texts });
      expect(renderToStaticMarkup(made)).toBe([expected].flat().join(''));
    }
  }
  setShown('en');
});

test('each text from elsewhere is written there', () => {
  const sources = globSync(
    ['provisioning/database/supabase/migrations/*.sql', 'domain/*.ts', 'functions/{ingest,questions}/*.ts'],
    { cwd: ROOT },
  )
    .filter((file) => !/\.test\.ts$|alert-texts\.ts$/.test(file))
    .map((file) => readFileSync(join(ROOT, file), 'utf8'));
  const written = sources.join('\n').replaceAll("''", "'").toLowerCase();
  // Of a text with values, its longest part; the dashboard adds the capital letter and the full stop.
  const partOf = (text: string) =>
    text
      .replace(/\.$/, '')
      .split(/\{\w+\}|\. /)
      .reduce((longest, part) => (part.length > longest.length ? part : longest))
      // The rule's comparison, a word of the catalogue too.
      .replace(/ (above|below) $/, '')
      .trim()
      .toLowerCase();
  const actions = [
    'Question sent',
    'Dead letters redrive requested',
    'Dead letters discarded',
    'Desired state changed',
    'Opened',
    'Resolved',
    'Digest',
  ];
  const texts = Object.keys(TEXTS).filter((text) => !actions.includes(text));
  expect(texts.filter((text) => !written.includes(partOf(text)))).toEqual([]);
  for (const [english, translated] of Object.entries(TEXTS)) {
    const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
    expect(names(translated), english).toEqual(names(english));
  }
});

test('a text from elsewhere is translated with its values, and stays as it is when it is not known', () => {
  const message = 'temperature was 1031.5, which is above 25';
  expect(foreign(message)).toBe(message);
  setShown('id', INDONESIAN, FROM_ELSEWHERE);
  expect(foreign(message)).toBe('temperature bernilai 1.031,5, di atas 25');
  expect(foreign('t was above 8 and door was "open" for 10 minutes, at last 9.5')).toBe(
    't di atas 8 dan door bernilai "open" selama 10 menit, terakhir 9,5',
  );
  expect(foreign('Bread and butter')).toBe('Bread and butter');
  expect(foreign('There is a device "a.b" already.')).toBe('Sudah ada perangkat "a.b".');
  expect(foreign('Device key created')).toBe('Kunci perangkat dibuat');
  expect(foreign('Boom.')).toBe('Boom.');
  // A title may be a tenant's word.
  expect(translation('constructor')).toBeUndefined();
  setShown('en');
});

/** For `npm run check`: a call that could show something else than its message does not compile. */
void (() => [
  // @ts-expect-error the catalogue lacks it
  t('No such message'),
  // @ts-expect-error without its value
  t('{name} is changed.'),
  // @ts-expect-error with a value that it does not take
  t('{name} is changed.', { title: 'A' }),
  // @ts-expect-error a count is a number
  t('{days, plural, one {# day} other {# days}}', { days: '1' }),
]);
