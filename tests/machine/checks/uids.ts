// What each service's user may read, write, lock, signal and connect to: everything there is is tried as that user, in its
// unit's sandbox, and what succeeds is exactly the table of docs/machine.md.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { type Check, expect, type Machine } from '../machine.ts';
import { untilRegistryIsInForce } from '../mqtt.ts';
import { DATABASE_PORT, METADATA_ADDRESS } from '../world.ts';
import { apply, changed, upload } from './bundle.ts';

const HEADING = '### What each service may do';
const FOLDER = '/run/table';
const OTHER_PORT = 8080;
const program = readFileSync(new URL('../try-access.py', import.meta.url), 'utf8');

/** The table's columns: the unit whose sandbox it is, or only a user. */
const COLUMNS: Record<string, { unit: string } | { user: string }> = {
  broker: { unit: 'mosquitto.service' },
  agent: { unit: 'registry-sync.service' },
  saver: { unit: 'save-state.service' },
  certbot: { unit: 'certificate-issue.service' },
  prober: { unit: 'probe-broker.service' },
  caller: { unit: 'call-timers.service' },
  others: { user: 'nobody' },
};

/** What of a unit is not its sandbox. */
const NOT_SANDBOX =
  /^(Exec\w+|On(Success|Failure)|Restart\w*|Type|Wants|Requires|Before|After|Watchdog\w*|NotifyAccess|Timeout\w+|WantedBy)=.*\n/gm;

/** What is tried, by the row it belongs to; verbs by column. */
interface Row {
  what: string;
  matches: RegExp;
  cells: Record<string, string>;
}

/** What succeeded for one user: verbs by what was tried. */
type Successes = Record<string, string>;

/** The table of docs/machine.md. */
function readTable(): Row[] {
  const page = readFileSync(new URL('../../../docs/machine.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split(`${HEADING}\n`);
  const [header = [], , ...rows] = section
    .split('\n\n')
    .find((part) => part.startsWith('|'))!
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return rows.map(([what = '', ...cells]) => ({
    what,
    matches: new RegExp(`^(${[...what.matchAll(/`([^`]+)`/g)].map(([, glob = '']) => pattern(glob)).join('|')})$`),
    cells: Object.fromEntries(
      header.slice(1).map((column, index) => [column, cells[index] === '–' ? '' : cells[index]!]),
    ),
  }));
}

/** `*` is anything but a slash, `**` anything. */
const pattern = (glob: string) =>
  glob
    .replace(/[.+?^$()[\]{}|\\]/g, '\\$&')
    .replaceAll('**', '\0')
    .replaceAll('*', '[^/]*')
    .replaceAll('\0', '.*');

/** Writes the program and the list of what there is to the machine. @throws Error when root itself cannot reach an address. */
async function prepare(machine: Machine): Promise<void> {
  const { exec, addresses } = machine;
  await must(machine, `mkdir -p ${FOLDER} && chmod 755 ${FOLDER} && cat >${FOLDER}/try.py`, program);
  const { v4, v6 } = addresses.services;
  const list = {
    'tcp metadata service': ['tcp', METADATA_ADDRESS, 80],
    'tcp port 443': ['tcp', v4, 443],
    'tcp database': ['tcp', v4, DATABASE_PORT],
    'udp DNS': ['udp', v4, 53],
    'tcp any other port': ['tcp', v4, OTHER_PORT],
    'tcp any other port, IPv6': ['tcp', v6, OTHER_PORT],
    'tcp the broker': ['tcp', '127.0.0.1', 8883],
    'tcp SSH': ['tcp', '127.0.0.1', 22],
  };
  const services = { broker: 'mosquitto', agent: 'registry-sync', saver: 'save-state' };
  const pids = Object.entries(services).map(([name, unit]) => `${name}=$(systemctl show -P MainPID ${unit})`);
  // As certbot leaves it.
  await must(
    machine,
    `install -d -o mqtt-saas-acme -g mqtt-saas-acme -m 700 /var/lib/mosquitto/letsencrypt/test &&
     install -o mqtt-saas-acme -m 600 /dev/null /var/lib/mosquitto/letsencrypt/test/privkey.pem`,
  );
  await must(machine, `python3 ${FOLDER}/try.py list root=1 ${pids.join(' ')} >${FOLDER}/list`, JSON.stringify(list));
  await must(machine, `chmod 644 ${FOLDER}/*`);
  const { stdout } = await exec(`python3 ${FOLDER}/try.py <${FOLDER}/list`);
  const root = JSON.parse(stdout) as Successes;
  const unreached = Object.keys(list).filter((name) => !root[name]);
  expect(unreached.length === 0, `not even root reaches ${unreached.join(', ')}`);
}

async function must({ exec }: Machine, command: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await exec(command, { input, timeoutMs: 60_000 });
  expect(code === 0, `${command}: ${stdout}${stderr}`);
  return stdout;
}

/** Tries everything as the users of these columns, each in a unit with the sandbox of its service's. */
async function tryAs(machine: Machine, columns: string[]): Promise<Record<string, Successes>> {
  for (const column of columns) {
    const of = COLUMNS[column]!;
    const unit = 'unit' in of ? await must(machine, `systemctl cat ${of.unit}`) : `[Service]\nUser=${of.user}\n`;
    // What a service leaves in its runtime folder stays; certbot's goes with the unit, so the twin must not have it.
    const sandbox = unit.replace(NOT_SANDBOX, '').replace(/^RuntimeDirectory=mqtt-saas-acme\n|^#.*\n/gm, '');
    const twin = `${sandbox}
[Service]
Type=oneshot
ExecStart=/usr/bin/python3 -B ${FOLDER}/try.py
StandardInput=file:${FOLDER}/list
StandardOutput=truncate:${FOLDER}/${column}
`;
    await must(machine, `cat >/run/systemd/system/table-${column}.service`, twin);
  }
  await must(machine, 'systemctl daemon-reload');
  const units = columns.map((column) => `table-${column}.service`).join(' ');
  try {
    await must(
      machine,
      `systemctl start ${units} || { journalctl -n 40 -o cat $(printf -- '-u %s ' ${units}); exit 1; }`,
    );
    const found = await Promise.all(
      columns.map(async (column) => [column, JSON.parse(await must(machine, `cat ${FOLDER}/${column}`)) as Successes]),
    );
    return Object.fromEntries(found);
  } finally {
    await machine.exec(`cd /run/systemd/system && rm -f ${units} && systemctl daemon-reload`);
  }
}

/** Where what succeeded is not what the table says: `COLUMN, ROW: more|less VERBS (example)`. */
function differences(table: Row[], column: string, successes: Successes): string[] {
  const cells = new Map<string, Map<string, string>>();
  for (const [tried, verbs] of Object.entries(successes)) {
    const row = table.find(({ matches }) => matches.test(tried))?.what ?? tried;
    const seen = cells.get(row) ?? new Map<string, string>();
    for (const verb of verbs) if (!seen.has(verb)) seen.set(verb, tried);
    cells.set(row, seen);
  }
  const rows = new Set([...table.map(({ what }) => what), ...cells.keys()]);
  return [...rows].flatMap((what) => {
    const meant = [...(table.find((row) => row.what === what)?.cells[column] ?? '')];
    const seen = cells.get(what) ?? new Map<string, string>();
    const more = [...seen].filter(([verb]) => !meant.includes(verb)).map(([verb, tried]) => `more: ${verb} (${tried})`);
    const less = meant.filter((verb) => !seen.has(verb)).map((verb) => `less: ${verb}`);
    return [...more, ...less].map((text) => `${column}, ${what}: ${text}`);
  });
}

const SECRET = '/run/mqtt-saas/svc-ingest.password';
const giveTo = (group: string) => ({
  break: `chgrp ${group} ${SECRET} && chmod 640 ${SECRET}`,
  fix: `chgrp root ${SECRET} && chmod 600 ${SECRET}`,
});
/** The service may do what a line of its unit keeps from it. */
const without = (setting: string, unit: string) => {
  const folder = `/run/systemd/system/${unit}.service.d`;
  return {
    break: `mkdir -p ${folder} && printf '[Service]\\n${setting}=\\n' >${folder}/broken.conf && systemctl daemon-reload`,
    fix: `rm -r ${folder} && systemctl daemon-reload`,
  };
};
/** One right too many for each column. */
const MUTATIONS: Record<string, { break: string; fix: string }> = {
  broker: giveTo('mosquitto'),
  agent: without('ReadOnlyPaths', 'registry-sync'),
  saver: without('InaccessiblePaths', 'save-state'),
  certbot: giveTo('mqtt-saas-acme'),
  prober: without('InaccessiblePaths', 'probe-broker'),
  caller: without('InaccessiblePaths', 'call-timers'),
  others: giveTo('nogroup'),
};

/** Something listens on a port that no service has to reach. */
async function withOtherPort<T>({ addresses }: Machine, act: () => Promise<T>): Promise<T> {
  const servers = [addresses.services.v4, addresses.services.v6].map((address) =>
    createServer((socket) => socket.end()).listen(OTHER_PORT, address),
  );
  try {
    return await act();
  } finally {
    for (const server of servers) server.close();
  }
}

export const checks: Check[] = [
  {
    name: 'what each service’s user can do is exactly the table of docs/machine.md, and one right more is noticed',
    run: (machine) =>
      withOtherPort(machine, async () => {
        const table = readTable();
        const columns = Object.keys(COLUMNS);
        await prepare(machine);
        const found = await tryAs(machine, columns);
        const wrong = columns.flatMap((column) => differences(table, column, found[column] ?? {}));
        expect(wrong.length === 0, wrong.slice(0, 40).join('\n'));
        for (const [column, mutation] of Object.entries(MUTATIONS)) {
          await must(machine, mutation.break);
          const more = differences(table, column, (await tryAs(machine, [column]))[column] ?? {});
          await must(machine, mutation.fix);
          expect(more.length > 0, `a right too many for ${column} was not noticed`);
        }
        const list = JSON.parse(await must(machine, `cat ${FOLDER}/list`)) as { paths: string[] };
        await must(machine, `rm -r ${FOLDER} /var/lib/mosquitto/letsencrypt/test`);
        return `${list.paths.length} files and folders, ${columns.length} users`;
      }),
  },
  {
    name: 'a machine on which all was the broker’s gets users and folders by an apply, and its agent goes on',
    disturbs: true,
    run: async (machine) => {
      await must(machine, FORMER_LAYOUT);
      const bundle = changed('users.conf', (text) => `${text}# another release\n`);
      const { code, stdout } = await apply(machine, upload(machine, bundle));
      expect(code === 0, stdout);
      await untilRegistryIsInForce(machine);
      const owners = await must(machine, `stat -c '%U:%G %a %n' ${Object.keys(LAYOUT).join(' ')}`);
      const expected = Object.entries(LAYOUT).map(([path, owner]) => `${owner} ${path}\n`);
      expect(owners === expected.join(''), owners);
      return undefined;
    },
  },
];

const STATE = '/var/lib/mosquitto';
/** What make-folders.py and fetch-secrets.py make of it. */
const LAYOUT = {
  [STATE]: 'root:mosquitto 1771',
  [`${STATE}/accounts`]: 'mqtt-saas-agent:mosquitto 2770',
  [`${STATE}/accounts/registry`]: 'mqtt-saas-agent:mosquitto 640',
  [`${STATE}/letsencrypt`]: 'mqtt-saas-acme:mqtt-saas-acme 700',
  '/run/mqtt-saas': 'root:root 711',
  '/run/mqtt-saas/registry.url': 'root:mqtt-saas-agent 440',
  [SECRET]: 'root:root 600',
  '/run/mqtt-saas/stamp.key': 'root:mosquitto 440',
  '/run/registry-sync': 'mqtt-saas-agent:mqtt-saas-agent 755',
};
/** One user for everything, as in releases before each service had its own. */
const FORMER_LAYOUT = `
  systemctl stop mosquitto registry-sync save-state watch-broker.timer certificate-issue.timer
  chown -R mosquitto:mosquitto ${STATE} /run/registry-sync
  chmod 700 ${STATE} ${STATE}/accounts && chmod 600 ${STATE}/accounts/*
  chgrp -R mosquitto /run/mqtt-saas && chmod 750 /run/mqtt-saas && chmod 640 /run/mqtt-saas/*.password /run/mqtt-saas/registry.url
  for user in agent acme prober; do userdel mqtt-saas-$user; done
  ! getent passwd mqtt-saas-agent`;
