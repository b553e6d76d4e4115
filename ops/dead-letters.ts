// `ops dead-letters`: messages that could not be stored. They can be inspected, and sent through ingest again once the cause is fixed.
import { isUtf8 } from 'node:buffer';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Client } from 'pg';
import { askOnTerminal } from '../bootstrap/ask.ts';
import { REJECTION_REASONS } from '../domain/messages-reasons.ts';
import { parseDeviceTopic } from '../domain/topics.ts';
import { redrive } from '../functions/ingest/redrive.ts';
import { count } from '../preview/render/style.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import {
  countLetters,
  discardLetters,
  idsOfLetters,
  type Letter,
  type LetterFilter,
  type LetterListing,
  listLetters,
  readLetter,
} from './dead-letters-table.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

/** The `dead-letters` command. */
export function deadLettersCommand(): Command {
  return new Command('dead-letters')
    .description('messages that could not be stored: list, show, redrive, discard')
    .addCommand(list())
    .addCommand(show())
    .addCommand(redriveCommand())
    .addCommand(discardCommand());
}

function list(): Command {
  return withFilter(withTarget(new Command('list')))
    .description('list dead letters, newest first')
    .option('--redriven', 'include those that were redriven')
    .option('--limit <n>', 'show at most this many', wholeNumber, 50)
    .option('--json', 'as JSON')
    .action(async ({ json, limit, ...options }: TargetOptions & LetterFilter & { json?: true; limit: number }) => {
      const [letters, counts] = await withConnection(findPlace(options).database, async (client) => [
        await listLetters(client, options, limit),
        await countLetters(client, options),
      ]);
      if (json) return console.log(JSON.stringify(letters, null, 2));
      for (const letter of letters) console.log(lineOf(letter));
      const total = sumOf(counts.map(({ n }) => n));
      console.log(`${count(total, 'dead letter')}${byReason(counts.map(({ reason, n }) => [reason, n]))}`);
    });
}

function show(): Command {
  return withTarget(new Command('show'))
    .description('show one dead letter with its payload')
    .argument('<id>', 'its number', identifier)
    .option('--raw', "print only the payload's bytes")
    .option('--json', 'as JSON, the payload in base64')
    .action(async (id: string, { raw, json, ...options }: TargetOptions & { raw?: true; json?: true }) => {
      const letter = await withConnection(findPlace(options).database, (client) => readLetter(client, id));
      if (raw) process.stdout.write(letter.payload);
      else if (json) console.log(JSON.stringify({ ...letter, payload: letter.payload.toString('base64') }, null, 2));
      else console.log(describe(letter));
    });
}

function redriveCommand(): Command {
  return withFilter(withTarget(new Command('redrive')))
    .description('send dead letters through ingest again; what is stored already is not stored twice')
    .argument('[ids...]', 'their numbers', (value: string, ids: string[] = []) => [...ids, identifier(value)])
    .option('--all', 'all that match the filter')
    .addHelpText(
      'after',
      `
Examples:
  npm run ops -- dead-letters redrive 17 18
  npm run ops -- dead-letters redrive --all --tenant acme --reason unknown-device`,
    )
    .action(async (ids: string[], { all, ...options }: TargetOptions & LetterFilter & { all?: true }) => {
      assertIdsOrAll(ids, all);
      const refused = await withConnection(findPlace(options).database, async (client) =>
        redriveEach(client, all ? await idsOfLetters(client, options) : ids),
      );
      if (refused > 0) throw new Error(`${refused} ${refused === 1 ? 'is' : 'are'} still refused, see above`);
    });
}

function discardCommand(): Command {
  return withFilter(withTarget(new Command('discard')))
    .description('delete dead letters, redriven ones too; their number stays counted')
    .argument('[ids...]', 'their numbers', (value: string, ids: string[] = []) => [...ids, identifier(value)])
    .option('--all', 'all that match the filter and have come so far')
    .option('--yes', 'with --all: do not ask')
    .addHelpText(
      'after',
      `
Examples:
  npm run ops -- dead-letters discard 17 18
  npm run ops -- dead-letters discard --all --tenant acme --reason not-json
  npm run ops -- dead-letters discard --all --yes --before 2026-11-21T12:00Z

Without a filter, --all is every dead letter of every tenant.`,
    )
    .action(
      async (ids: string[], { all, yes, ...options }: TargetOptions & LetterFilter & { all?: true; yes?: true }) => {
        assertIdsOrAll(ids, all);
        const filter: LetterFilter = { ...options, before: options.before ?? new Date(), redriven: true };
        const discarded = await withConnection(findPlace(options).database, async (client) => {
          if (all && !yes) await confirmDiscard(await countLetters(client, filter));
          return discardLetters(client, all ? filter : ids);
        });
        console.log(`${sumOf([...discarded.values()])} discarded${byReason([...discarded])}`);
      },
    );
}

/** @throws Error if the person does not agree, or nobody can be asked. */
async function confirmDiscard(counts: readonly { reason: string; n: number }[]): Promise<void> {
  const total = sumOf(counts.map(({ n }) => n));
  if (total === 0) return;
  const reasons = byReason(counts.map(({ reason, n }) => [reason, n]));
  console.log(`${count(total, 'dead letter')} would be discarded${reasons}`);
  const answer = await askOnTerminal(`Type ${total} to discard them: `);
  if (answer?.trim() === String(total)) return;
  throw new Error(`nothing was discarded${answer === undefined ? ': to discard them, add --yes' : ''}`);
}

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0);
const byReason = (counts: readonly (readonly [reason: string, n: number])[]) =>
  counts.length > 0 ? `: ${counts.map(([reason, n]) => `${reason} ${n}`).join(', ')}` : '';

function assertIdsOrAll(ids: readonly string[], all: true | undefined): void {
  if (ids.length > 0 === (all === true)) throw new Error('give the ids of dead letters, or --all');
}

/** Redrives one after the other and prints each result. Returns how many are still refused. */
async function redriveEach(client: Client, ids: readonly string[]): Promise<number> {
  const counts = { stored: 0, duplicate: 0, refused: 0, gone: 0 };
  for (const id of ids) {
    const result = await redrive(client, id);
    counts[result.outcome] += 1;
    if (result.outcome === 'refused')
      console.log(
        `${id}: still refused${result.stored > 0 ? ` in part, ${count(result.stored, 'reading')} stored` : ''}, ${result.reason}: ${printable(result.detail)}`,
      );
    if (result.outcome === 'gone') console.log(`${id}: not there, or redriven already`);
  }
  const { stored, duplicate, refused, gone } = counts;
  const others = gone > 0 ? `, ${gone} not there` : '';
  console.log(`${stored} stored, ${duplicate} stored already, ${refused} still refused${others}`);
  return refused;
}

const withFilter = (command: Command) =>
  command
    .option('--tenant <tenant>', "only this tenant's")
    .addOption(new Option('--reason <reason>', 'only those refused for this reason').choices(REJECTION_REASONS))
    .option('--device <device>', "only this device's")
    .option('--since <time>', 'only those received since then, such as 2026-11-21T12:00Z', time)
    .option('--before <time>', 'only those received before then', time);

function lineOf({ id, receivedAt, tenant, topic, reason, bytes, readings, redrivenAs }: LetterListing): string {
  const redriven = redrivenAs ? `  redriven: ${redrivenAs}` : '';
  const where = printable(parseDeviceTopic(topic)?.device ?? topic);
  const several = readings > 1 ? `  ${readings} readings` : '';
  return `${id.padStart(6)}  ${receivedAt.toISOString()}  ${reason.padEnd(22)} ${tenant ?? '-'} ${where}  ${bytes} bytes${several}${redriven}`;
}

function describe(letter: Letter): string {
  const lines: [name: string, value: string | null | undefined][] = [
    ['received', letter.receivedAt.toISOString()],
    ['tenant', letter.tenant ?? '(not registered)'],
    ['topic', letter.topic],
    ['reason', letter.reason],
    ['detail', letter.detail],
    ['content type', letter.contentType],
    ['message id', letter.messageId],
    ['properties', letter.properties && JSON.stringify(letter.properties)],
    ['redriven', letter.redrivenAt && `${letter.redrivenAt.toISOString()}, ${letter.redrivenAs}`],
    ['payload', `${letter.bytes} bytes${isUtf8(letter.payload) ? '' : ', not text: in hexadecimal'}`],
  ];
  const head = lines
    .filter(([, value]) => value)
    .map(([name, value]) => `${name.padEnd(13)}${printable(value as string)}`);
  return `${[`dead letter ${letter.id}`, ...head].join('\n')}\n\n${preview(letter.payload)}`;
}

const MOST_SHOWN = 2000;

function preview(payload: Buffer): string {
  const text = isUtf8(payload) ? printable(payload.toString('utf8')) : payload.toString('hex');
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}\n(cut off here; --raw shows all)` : text;
}

/** What a device sent must not control the reader's terminal. */
const printable = (text: string) =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character === '\n' || character === '\t'
      ? character
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

function identifier(value: string): string {
  if (!/^[1-9]\d{0,17}$/.test(value)) throw new InvalidArgumentError('Give a whole number.');
  return value;
}

function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new InvalidArgumentError('Give a whole number from 1 to 999999.');
  return Number(value);
}

function time(value: string): Date {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) throw new InvalidArgumentError('Give a time such as 2026-11-21T12:00Z.');
  return date;
}
