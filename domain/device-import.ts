// A file of devices to import: CSV with a head. What is wrong is told by line, and then nothing of it is imported.
import { isDisplayName, isSlug, MAX_NAME_LENGTH, MAX_SLUG_LENGTH } from './identifiers.ts';
import { isTag, MAX_TAGS, normalTags, TAG_RULE } from './tags.ts';

/** Devices of one import: all are added by one statement. */
export const MAX_IMPORT = 1000;
/** Characters of a file. */
export const MAX_IMPORT_LENGTH = 1_000_000;

/** A device as the file names it. */
export interface ImportedDevice {
  line: number;
  slug: string;
  name: string;
  tags: string[];
}

/** What is wrong, where, and what to do. */
export interface ImportProblem {
  line: number;
  text: string;
}

export interface Import {
  devices: ImportedDevice[];
  problems: ImportProblem[];
}

const COLUMNS = ['slug', 'name', 'tags'] as const;
type Column = (typeof COLUMNS)[number];
type Line = { line: number; cells: string[] };

/** Reads the file. Columns: `slug`, and `name` and `tags` if wanted, in any order; tags are separated by spaces, `;` or `|`. */
export function readImport(text: string): Import {
  if (text.length > MAX_IMPORT_LENGTH) {
    return wrong(1, `The file has ${text.length} characters. Split it: ${MAX_IMPORT_LENGTH} are allowed.`);
  }
  const [head, ...lines] = readCsv(text.replace(/^\ufeff/, ''));
  if (head === undefined) return wrong(1, 'The file is empty. Begin it with the line "slug,name,tags".');
  const columns = head.cells.map((cell) => cell.trim().toLowerCase());
  const unknown = columns.find((column) => !COLUMNS.includes(column as Column));
  if (unknown !== undefined) {
    return wrong(
      head.line,
      `There is no column "${unknown.slice(0, 100)}". Begin the file with the line "slug,name,tags".`,
    );
  }
  const twice = columns.find((column, place) => columns.indexOf(column) !== place);
  if (twice !== undefined) return wrong(head.line, `The column "${twice}" is there twice. Remove one.`);
  if (!columns.includes('slug'))
    return wrong(head.line, 'The column "slug" is missing. Add it: it names a device in topics.');
  if (lines.length === 0) return wrong(head.line, 'There is no device below the head. Add a line for each.');
  if (lines.length > MAX_IMPORT) {
    return wrong(
      lines[MAX_IMPORT]!.line,
      `The file has ${lines.length} devices. Split it: an import has at most ${MAX_IMPORT}.`,
    );
  }
  return readLines(lines, columns as Column[]);
}

function readLines(lines: Line[], columns: Column[]): Import {
  const devices: ImportedDevice[] = [];
  const problems: ImportProblem[] = [];
  const lineOf = new Map<string, number>();
  for (const { line, cells } of lines) {
    if (cells.length > columns.length) {
      const many = `${cells.length} values, but the head has ${columns.length} columns`;
      problems.push({ line, text: `${many}. Put quotation marks around a value with a comma in it.` });
      continue;
    }
    const cell = (column: Column) => (cells[columns.indexOf(column)] ?? '').trim();
    const slug = cell('slug');
    const device = { line, slug, name: cell('name') || slug, tags: normalTags(cell('tags').split(/[\s;|,]+/)) };
    const first = lineOf.get(slug);
    const text = first
      ? `slug: "${slug}" is on line ${first}, too. Remove one, or choose another slug.`
      : problemOf(device);
    if (text) problems.push({ line, text });
    else {
      lineOf.set(slug, line);
      devices.push(device);
    }
  }
  return { devices, problems };
}

function problemOf({ slug, name, tags }: ImportedDevice): string | undefined {
  const shown = (text: string) => `"${text.slice(0, 80)}"`;
  if (!isSlug(slug)) {
    return `slug: ${shown(slug)} is not allowed. Use 1 to ${MAX_SLUG_LENGTH} of a-z, 0-9 and "-", not beginning with "-".`;
  }
  if (!isDisplayName(name)) {
    return `name: ${shown(name)} is not allowed. Use 1 to ${MAX_NAME_LENGTH} characters, without control characters or line breaks.`;
  }
  const bad = tags.find((tag) => !isTag(tag));
  if (bad !== undefined) return `tags: ${shown(bad)} is not allowed. Use ${TAG_RULE}.`;
  if (tags.length > MAX_TAGS) return `tags: there are ${tags.length}. A device has at most ${MAX_TAGS}.`;
  return undefined;
}

const wrong = (line: number, text: string): Import => ({ devices: [], problems: [{ line, text }] });

/** The lines that are not empty, as RFC 4180 has them; separated by what the head has: a comma, a semicolon or a tab. */
function readCsv(text: string): Line[] {
  const head = /^[^\r\n]*/.exec(text.trimStart())![0];
  const separator = [';', '\t'].find((each) => head.includes(each)) ?? ',';
  const lines: Line[] = [];
  let cells: string[] = [];
  let line = 1;
  let begun = 1;
  let place = 0;
  const end = () => {
    if (cells.some((cell) => cell.trim() !== '')) lines.push({ line: begun, cells });
    cells = [];
  };
  const plain = new RegExp(`[^${separator}\\r\\n]*`, 'y');
  // Only spaces may stand before a mark: a tab may be the separator, and a line break ends the row.
  const quoted = / *"((?:[^"]|"")*)("|$)/y;
  while (place < text.length) {
    quoted.lastIndex = plain.lastIndex = place;
    const marks = quoted.exec(text);
    if (marks) {
      cells.push(marks[1]!.replaceAll('""', '"'));
      line += marks[0].match(/\n/g)?.length ?? 0;
      // What follows the closing mark belongs to no value.
      plain.lastIndex = quoted.lastIndex;
      place = quoted.lastIndex + plain.exec(text)![0].length;
    } else {
      const cell = plain.exec(text)![0];
      cells.push(cell);
      place += cell.length;
    }
    if (text[place] === separator) {
      place++;
      if (place === text.length) cells.push('');
      continue;
    }
    end();
    if (text[place] === '\r' && text[place + 1] === '\n') place++;
    place++;
    begun = ++line;
  }
  return lines;
}

/** A device's key with where it is used. */
export interface Credential {
  device: string;
  username: string;
  key: string;
  broker: string;
  topic: string;
}

const FIELDS = ['device', 'username', 'key', 'broker', 'topic'] as const;

/** The file of credentials. No value needs quotation marks: all are of slugs, keys and host names. */
export const writeCredentials = (credentials: Credential[]): string =>
  [FIELDS.join(','), ...credentials.map((credential) => FIELDS.map((field) => credential[field]).join(',')), ''].join(
    '\n',
  );

/** The keys in such a file, by device; undefined if one is another tenant's. */
export function readCredentials(text: string, tenant: string): Map<string, string> | undefined {
  const [head, ...lines] = readCsv(text);
  const placeOf = (field: (typeof FIELDS)[number]) => head?.cells.indexOf(field) ?? -1;
  const [device, username, key] = [placeOf('device'), placeOf('username'), placeOf('key')];
  if (lines.some(({ cells }) => cells[username] && !cells[username].startsWith(`${tenant}.`))) return undefined;
  return new Map(lines.flatMap(({ cells }) => (cells[device] && cells[key] ? [[cells[device], cells[key]]] : [])));
}
