// The tables of docs/scale.md.
import { VM_SIZES } from '../../components/vm-sizes.ts';
import { megabytes } from '../daily/judge.ts';
import { COEFFICIENTS, SOURCED } from './coefficients.ts';
import { demandOf, usualLoad } from './demand.ts';
import { enoughUntil, type Platform, platformFor } from './growth.ts';
import { BASE_CORES, DATABASES, HEADROOM, machine } from './sizes.ts';

const DECADES = [10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000];

const whole = (value: number) => Math.round(value).toLocaleString('en-US');
/** Two digits that count. */
const short = (value: number) => (value >= 100 ? whole(value) : Number(value.toPrecision(2)).toString());
/** Three digits that count, of a number of devices that is an estimate. */
const about = (devices: number) => whole(Number(devices.toPrecision(2)));

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const rowsOf = (cells: (platform: Platform, devices: number) => string[]) =>
  DECADES.map((devices) => [whole(devices), ...cells(platformFor(usualLoad(devices)), devices)]);

const demands = () =>
  table(
    [
      'devices',
      'messages a second',
      'broker: memory',
      'of it a queue of 8 h',
      'broker: cores',
      'all connect again, s of a core',
      'ingest: cores',
      'rows a day',
      'database, 30 days',
      'written a second',
      'database: cores',
    ],
    rowsOf(({ demand: { messagesPerSecond, broker, ingest, database } }) => [
      short(messagesPerSecond),
      megabytes(broker.memoryBytes),
      megabytes(broker.queueBytes),
      short(broker.cores),
      short(broker.reconnectSeconds),
      short(ingest.cores),
      whole(database.rowsPerDay),
      megabytes(database.bytes),
      megabytes(database.writtenPerSecond),
      short(database.cores),
    ]),
  );

const platforms = () =>
  table(
    [
      'devices',
      'broker',
      'ingest',
      'database',
      'USD a month',
      'of it the broker',
      'the broker managed',
      'too small first',
      'from',
      'then',
    ],
    rowsOf(({ carriers, usd, bottleneck, managedUsd }) => [
      ...carriers.map(({ size }) => size.name),
      whole(usd),
      whole(carriers[0]!.usd),
      whole(managedUsd),
      `${bottleneck.part}: ${bottleneck.use.of}`,
      `${about(bottleneck.enoughUntil)} devices`,
      bottleneck.next?.name ?? 'not known',
    ]),
  );

/** Devices that one broker machine carries, by how long its queue has to last. */
const machines = () =>
  table(
    ['machine', 'USD a month', 'queue of 8 h', 'queue of 1 h', 'processor time alone'],
    Object.keys(VM_SIZES).map((name) => {
      const size = machine(name);
      const load = usualLoad(1);
      const carried = (outageHours: number) => about(enoughUntil(size, { ...load, outageHours }));
      const cores = Math.floor(
        (HEADROOM * Math.min(1, BASE_CORES[name]!) - COEFFICIENTS.brokerWakeCores) /
          COEFFICIENTS.brokerSecondsPerMessage,
      );
      return [name, whole(size.usd(demandOf(load))), carried(8), carried(1), `${about(cores)} messages a second`];
    }),
  );

/** Devices that one database carries. */
const plans = () =>
  table(
    [
      'database',
      'from USD a month',
      'a reading a minute, 30 days',
      '7 days',
      'a reading an hour, 30 days',
      'a reading a second, 7 days',
    ],
    DATABASES.slice(0, 12).map((size) => {
      const carried = (messagesPerMinute: number, retentionDays: number) =>
        about(enoughUntil(size, { ...usualLoad(1000), messagesPerMinute, retentionDays }));
      const usd = size.usd(demandOf({ ...usualLoad(1), messagesPerMinute: 0 }));
      return [size.name, whole(usd), carried(1, 30), carried(1, 7), carried(1 / 60, 30), carried(60, 7)];
    }),
  );

const coefficients = () =>
  table(
    ['what', 'value', 'unit', 'from'],
    Object.entries(SOURCED).map(([name, { unit, source }]) => [
      `\`${name}\``,
      Number(COEFFICIENTS[name as keyof typeof SOURCED].toPrecision(3)).toString(),
      unit,
      source,
    ]),
  );

const TABLES = { demands, platforms, machines, plans, coefficients };

/** The page with its tables as the model has them now. @throws Error when the page lacks the place of one. */
export function withTables(page: string): string {
  let text = page;
  for (const [name, render] of Object.entries(TABLES)) {
    const place = new RegExp(`(<!-- table: ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
    if (!place.test(text)) throw new Error(`docs/scale.md has no place for the table "${name}"`);
    text = text.replace(place, (_, begin: string, end: string) => `${begin}${render()}\n${end}`);
  }
  return text;
}
