// What the machine does while its power is cut, and what was promised by then.
import { setTimeout as sleep } from 'node:timers/promises';
import { addDevice } from '../../provisioning/database/registry.ts';
import { pack } from '../../provisioning/machine/bundle/bundle.ts';
import { SECRETS } from '../../stacks/tables/secrets.ts';
import { apply, first, upload } from '../machine/checks/bundle.ts';
import { issueForBroker, makeTestBundle } from '../machine/environment.ts';
import { expect, type Machine } from '../machine/machine.ts';
import { type Login, letIngestComeBy, untilLetIn } from '../machine/mqtt.ts';

/** What must be true of every image that is taken from now on. */
export interface Promised {
  /** Releases that may be in force: the last that was said to be, and while one is applied that one too. */
  releases: string[];
  /** Accounts that were let in. */
  logins: Login[];
}

/** One step, again and again until the images are taken. @param turn counts from 0. */
export type Scene = (machine: Machine, promised: Promised, turn: number) => Promise<void>;

/** The bundle with a comment more: the broker is left alone, or, every other time, with a setting that restarts it. */
function bundleOf(turn: number) {
  return pack(
    makeTestBundle().files.map((file) => {
      const text = Buffer.from(file.content).toString();
      if (file.path === 'first.acl') return { ...file, content: Buffer.from(`${text}# ${turn}\n`) };
      if (file.path !== 'mosquitto.conf' || turn % 2) return file;
      return {
        ...file,
        content: Buffer.from(text.replace(/^max_connections .*$/gm, `max_connections ${1000 + turn}`)),
      };
    }),
  );
}

/** A deployment whose pointer is never moved: what the machine said to be in force has to stay in force. */
const applies: Scene = async (machine, promised, turn) => {
  const hash = upload(machine, bundleOf(turn));
  promised.releases = [...promised.releases, hash];
  const { stdout } = await apply(machine, hash);
  expect(stdout.split('\n').includes(`IN FORCE: ${hash}`), stdout);
  promised.releases = [hash];
};

const saves: Scene = async () => void (await sleep(1000));

const certificates: Scene = async (machine) => {
  const { secrets } = machine.services.azure;
  const { certificate, key } = await issueForBroker();
  secrets.set(SECRETS.certificate, certificate);
  secrets.set(SECRETS.key, key);
  await letIngestComeBy(machine);
  const { code } = await machine.exec('systemctl start certificate-deploy.service');
  expect(code === 0, (await machine.exec('journalctl -u certificate-deploy --no-pager -n 20')).stdout);
};

const registry: Scene = async (machine, promised, turn) => {
  const { username, key } = await addDevice(machine.database.client, { tenant: 'acme', device: `crash-${turn}` });
  await letIngestComeBy(machine);
  await untilLetIn(machine, { username, password: key });
  promised.logins = [...promised.logins, { username, password: key }];
};

/** How many images each scene gives in a whole run. The first boot's are taken apart: nothing was promised by then. */
export const SCENES = {
  applies: { scene: applies, images: 22 },
  saves: { scene: saves, images: 8 },
  certificates: { scene: certificates, images: 8 },
  registry: { scene: registry, images: 10 },
} as const;
export const FIRST_BOOT_IMAGES = 14;

/** What was promised when the machine had just booted. */
export const atFirst = (machine: Machine): Promised => ({ releases: [first(machine)], logins: [] });
