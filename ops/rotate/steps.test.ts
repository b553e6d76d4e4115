// The order of a rotation, with a real registry and a real broker: what would lock ingest out is refused, and an interrupted rotation
// continues. Pulumi's and Azure's programs are stand-ins.
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { generateKey } from '../../domain/credentials.ts';
import { telemetryTopic } from '../../domain/topics.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { keepTopic } from '../../provisioning/database/former-topics.ts';
import { addDevice, readRegistry, upsertServiceAccount } from '../../provisioning/database/registry.ts';
import { databaseOn } from '../../provisioning/database/testing/database.ts';
import { postgresOfFile } from '../../tests/support/postgres-of-file.ts';
import { stackTarget } from '../target/stack.ts';
import { whyNotDrained } from './broker.ts';
import type { Environment } from './environment.ts';
import { stackEnvironment } from './stack.ts';
import { type Goal, stepsTo } from './steps.ts';

const SESSION = { clientId: 'svc-ingest', clean: false, properties: { sessionExpiryInterval: 3600 } };
const FILTER = 'tenants/+/devices/+/telemetry';
const TIMEOUTS = { brokerMs: 3000, ingestMs: 3000 };

const postgres = postgresOfFile();

let rig: Lab;
let environment: Environment;
let keys: string[];
/** The commands that the stand-ins got, one per line. */
let asked: () => string[];
const path = process.env.PATH;

beforeEach(async () => {
  rig = await startLab({ on: await databaseOn(postgres()) });
  keys = [rig.serviceKey, generateKey(), generateKey()];
  const folder = join(rig.dir, 'stack');
  for (const made of ['vault', 'stacks']) mkdirSync(join(folder, made), { recursive: true });
  writeFileSync(join(folder, 'stacks/index.ts'), '');
  for (const file of ['Pulumi.yaml', 'Pulumi.dev.yaml']) cpSync(join(ROOT, file), join(folder, file));
  for (const [index, name] of ['svc-ingest', 'svc-ingest-2', 'svc-ingest-3'].entries()) {
    writeFileSync(join(folder, 'vault', `${name}-password`), `${keys[index]}\n`);
  }
  standIn(
    folder,
    'pulumi',
    `
case "$1 $2" in
  "stack output") echo '{"brokerHost":"localhost","resourceGroup":"rg","functionAppName":"func","vaultName":"kv"}' ;;
  "config set") grep -v "$3:" Pulumi.dev.yaml >new; echo "  $3: $4" >>new; mv new Pulumi.dev.yaml ;;
  "up --stack") [ ! -e broken ] && sed -n 's/.*ingestGeneration: //p' Pulumi.dev.yaml >deployed ;;
esac`,
  );
  standIn(
    folder,
    'az',
    `
case "$1" in
  keyvault) cat "vault/$7" ;;
  rest) generation=$(cat deployed); [ "$generation" = 1 ] && name=svc-ingest || name=svc-ingest-$generation
    echo "{\\"properties\\": {\\"secretName\\": \\"$name-password\\", \\"status\\": \\"$(cat status)\\"}}" ;;
esac`,
  );
  writeFileSync(join(folder, 'deployed'), '1\n');
  writeFileSync(join(folder, 'status'), 'Resolved\n');
  process.env.PATH = `${folder}${delimiter}${path}`;
  asked = () => readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');
  const stack = stackEnvironment(stackTarget('dev', { DATABASE_URL: rig.postgres.url }, folder));
  const { port, certificates } = rig.broker;
  environment = { ...stack, broker: { host: 'localhost', port, ca: readFileSync(certificates.caFile, 'utf8') } };
});
afterEach(async () => {
  process.env.PATH = path;
  await rig?.stop();
});

/** A program that logs its arguments and answers from files. */
function standIn(folder: string, name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\ncd "${folder}"\necho "${name} $*" >>asked\n${script.trim()}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** Does the steps to a goal, at most this number of those not done before. */
async function advance(goal: Goal, most = Number.POSITIVE_INFINITY): Promise<string[]> {
  const done: string[] = [];
  for (const step of await stepsTo(goal, environment, TIMEOUTS)) {
    if (await step.isDone()) continue;
    if (done.length >= most) return done;
    await step.carryOut();
    done.push(step.title);
  }
  return done;
}

const accounts = async () =>
  (await readRegistry(rig.admin)).flatMap((entry) => (entry.kind === 'service' ? entry.username : []));

describe('a rotation', () => {
  it('does not configure an account that the broker does not accept', async () => {
    // Without an agent, the registry never comes into force.
    await expect(advance('next')).rejects.toThrow(
      /"the broker accepts svc-ingest-2" is not so within 3 s: it is refused/,
    );
    expect(environment.configured()).toEqual({ generation: 1, inForce: [1] });
    expect(asked().filter((line) => /config set|pulumi up/.test(line))).toEqual([]);
  });

  it('configures, deploys, and ends only when the app has the new key', async () => {
    rig.followRegistry();
    writeFileSync(join(rig.dir, 'stack/status'), 'AccessToKeyVaultDenied\n');
    await expect(advance('next')).rejects.toThrow(/reference to svc-ingest-2-password is AccessToKeyVaultDenied/);
    expect(asked().filter((line) => /config set|pulumi up/.test(line))).toEqual([
      'pulumi config set mqtt-saas:ingestGenerationsInForce [1,2] --stack dev',
      'pulumi config set mqtt-saas:ingestGeneration 2 --stack dev',
      'pulumi up --stack dev',
    ]);
    writeFileSync(join(rig.dir, 'stack/status'), 'Resolved\n');
    expect(await advance('next').catch((error: Error) => error.message)).toMatch(
      /both in force: end that rotation first/,
    );
  });

  it('goes on after every step at which it was interrupted', async () => {
    rig.followRegistry();
    const titles: string[] = [];
    while ((await environment.whyNotUsed(2)) !== undefined) titles.push(...(await advance('next', 1)));
    // The broker may have accepted the account before it was asked again.
    expect(titles.filter((title) => !title.startsWith('the broker accepts'))).toEqual([
      'svc-ingest-2 is in the registry, with the key that ingest will use',
      'ingest is configured to use generation 2, with 1 and 2 in force',
      'ingest signs in as svc-ingest-2',
    ]);
    for (let n = 1; n < 5; n += 1) await advance('finish', n);
    expect(await accounts()).toEqual(['svc-control', 'svc-ingest-2']);
    expect(environment.configured()).toEqual({ generation: 2, inForce: [2] });
    expect(await advance('finish')).toEqual([]);
  });

  it('goes on after a deployment that failed', async () => {
    rig.followRegistry();
    writeFileSync(join(rig.dir, 'stack/broken'), '');
    await expect(advance('next')).rejects.toThrow(/pulumi ended with 1/);
    rmSync(join(rig.dir, 'stack/broken'));
    expect(await advance('next')).toEqual(['ingest signs in as svc-ingest-2']);
  });

  it('goes back by one value, and forth again', async () => {
    rig.followRegistry();
    await advance('next');
    await advance('back');
    expect(environment.configured()).toEqual({ generation: 1, inForce: [1, 2] });
    expect(await environment.whyNotUsed(1)).toBeUndefined();
    expect(await advance('next')).toHaveLength(2);
    expect(environment.configured()).toEqual({ generation: 2, inForce: [1, 2] });
  });

  it('cannot go back when only one generation is in force', async () => {
    await expect(advance('back')).rejects.toThrow(/only generation 1 is in force/);
  });
});

describe('the end of a rotation', () => {
  beforeEach(async () => {
    rig.followRegistry();
    await advance('next');
  });

  const unchanged = async () => {
    expect(await accounts()).toEqual(['svc-control', 'svc-ingest', 'svc-ingest-2']);
    expect(environment.configured().inForce).toEqual([1, 2]);
  };

  it('is refused while ingest uses another generation than the configured one', async () => {
    writeFileSync(join(rig.dir, 'stack/deployed'), '1\n');
    await expect(advance('finish')).rejects.toThrow(
      /the Function App refers to svc-ingest-password: ending the rotation now would lock ingest out. Nothing was changed/,
    );
    await unchanged();
  });

  it('is refused while messages wait for the old account, and removes none of them', async () => {
    const { key } = await addDevice(rig.admin, { tenant: 'acme', device: 'pump', createTenant: true });
    const old = await rig.connect('svc-ingest', rig.serviceKey, SESSION);
    await old.subscribeAsync(FILTER, { qos: 1 });
    await old.endAsync();
    const letsIn = () => rig.connect('acme.pump', key).then((client) => client.endAsync(true), String);
    await expect.poll(letsIn).toBeUndefined();
    const pump = await rig.connect('acme.pump', key);
    for (const text of ['1', '2', '3']) await pump.publishAsync(telemetryTopic('acme', 'pump'), text, { qos: 1 });
    await pump.endAsync();

    await expect(advance('finish')).rejects.toThrow(
      /"nothing waits for svc-ingest" is not so .* has not emptied its queue/,
    );
    await unchanged();
    const received: string[] = [];
    const back = await rig.connect('svc-ingest', rig.serviceKey, SESSION);
    back.on('message', (_, payload) => received.push(payload.toString()));
    await expect.poll(() => received).toEqual(['1', '2', '3']);
    await back.endAsync();
    const account = { username: 'svc-ingest', key: rig.serviceKey };
    expect(await whyNotDrained(environment.broker, account)).toBeUndefined();
    await advance('finish');
    expect(await accounts()).toEqual(['svc-control', 'svc-ingest-2']);
  });

  it('loses nothing even if no run of ingest has used the new account yet', async () => {
    const { key } = await addDevice(rig.admin, { tenant: 'acme', device: 'pump', createTenant: true });
    await keepTopic(rig.admin, { tenant: 'acme', device: 'pump', topic: 'devices/pump', until: '2099-01-01' });
    const letsIn = () => rig.connect('acme.pump', key).then((client) => client.endAsync(true), String);
    // The rotation subscribes once; a topic that the gate learns of later would have to wait for ingest.
    await expect.poll(() => readFileSync(join(rig.dir, 'broker/registry'), 'utf8')).toContain('devices/pump');
    await expect.poll(letsIn).toBeUndefined();
    await advance('finish');
    const pump = await rig.connect('acme.pump', key);
    for (const text of ['1', '2', '3']) await pump.publishAsync(telemetryTopic('acme', 'pump'), text, { qos: 1 });
    const former = () => pump.publishAsync('devices/pump/telemetry', '4', { qos: 1 }).then(() => 'taken', String);
    await expect.poll(former).toBe('taken');
    await pump.endAsync();
    const received: string[] = [];
    const ingest = await rig.connect('svc-ingest-2', keys[1]!, { ...SESSION, clientId: 'svc-ingest-2' });
    ingest.on('message', (_, payload) => received.push(payload.toString()));
    await expect.poll(() => received).toEqual(['1', '2', '3', '4']);
    await ingest.endAsync();
  });

  it('finishes an interrupted end, too', async () => {
    await advance('finish');
    await upsertServiceAccount(rig.admin, { username: 'svc-ingest-3', purpose: 'ingest', key: keys[2]! });
    await advance('finish');
    expect(await accounts()).toEqual(['svc-control', 'svc-ingest-2']);
  });
});
