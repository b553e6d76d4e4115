// The floors of bundle/lib/packages.json for what runs off the machine: which hole a configuration leaves open on the image
// that is deployed, and how Debian orders versions.
import table from './bundle/lib/packages.json' with { type: 'json' };

/** The distribution of the image that is deployed, as the table names it. */
export const IMAGE = 'ubuntu 24.04';

/** A row of the table. */
export interface PackageRow {
  name: string;
  hole: string;
  /** Who reaches the hole. */
  reach: string;
  /** `PACKAGE VERSION` by distribution. */
  floors: Partial<Record<string, string>>;
  sources: string[];
  /** What of the configuration keeps the hole from being reached; with `line`, where mosquitto.conf has a line like it. */
  covered: { by: string; line?: string } | null;
  /** What to do, by distribution. */
  remedy?: Partial<Record<string, string>>;
  /** Distributions whose free archive ends below the floor, with what it has. */
  beyond?: Partial<Record<string, string>>;
}

export const PACKAGE_ROWS: readonly PackageRow[] = table.packages;

/** Rows whose floor the image's free archive does not reach and whose hole this mosquitto.conf leaves open. */
export function openHoles(brokerConfig: string, distribution = IMAGE): PackageRow[] {
  const isCovered = ({ covered }: PackageRow) =>
    covered !== null && (covered.line === undefined || new RegExp(covered.line, 'm').test(brokerConfig));
  return PACKAGE_ROWS.filter((row) => row.beyond?.[distribution] !== undefined && !isCovered(row));
}

/** The version that a package must have; undefined when there is no floor. */
export function floorOf(packageName: string, distribution = IMAGE): string | undefined {
  const floors = PACKAGE_ROWS.map(({ floors }) => floors[distribution]?.split(' ') ?? []);
  return floors.find(([name]) => name === packageName)?.[1];
}

/** Negative, zero or positive, as dpkg orders them (deb-version(7)): epoch, upstream version, revision. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [parts(left), parts(right)];
  return a.epoch - b.epoch || compareParts(a.upstream, b.upstream) || compareParts(a.revision, b.revision);
}

function parts(version: string) {
  const [, epoch = '0', upstream = '', revision = ''] = /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/.exec(version) ?? [];
  return { epoch: Number(epoch), upstream, revision };
}

/** Runs of other characters and runs of digits by turns. */
function compareParts(left: string, right: string): number {
  const [a, b] = [alternate(left), alternate(right)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [x = '', y = ''] = [a[index], b[index]];
    const order = index % 2 === 0 ? compareText(x, y) : Number(x || 0) - Number(y || 0);
    if (order !== 0) return order;
  }
  return 0;
}

/** Always begins with a run of other characters, even if it is empty. */
function alternate(version: string): string[] {
  const runs = version.match(/\D+|\d+/g) ?? [];
  return /^\d/.test(version) ? ['', ...runs] : runs;
}

/** A tilde sorts before the end, the end before letters, letters before the rest. */
function compareText(left: string, right: string): number {
  const weight = (text: string, index: number) => {
    const letter = text[index];
    if (letter === undefined) return 0;
    if (letter === '~') return -1;
    return /[a-z]/i.test(letter) ? letter.charCodeAt(0) : letter.charCodeAt(0) + 256;
  };
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const order = weight(left, index) - weight(right, index);
    if (order !== 0) return order;
  }
  return 0;
}
