// What root takes from certbot's folder, which another user writes: certbot's own links and files, and nothing planted there.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Pair } from '../../../../lab/authority.ts';
import { pairsOfFile } from '../testing/certificate-pairs.ts';
import { HOST } from '../testing/certificate-world.ts';

const own = pairsOfFile();
const { chain, fresh, obtained, inVault, start, inForce, lineage } = own;

/** As certbot does it: a link in live/ to the newest file in archive/. */
function asCertbot(pair: Pair): void {
  obtained('', '');
  mkdirSync(lineage('archive', HOST), { recursive: true });
  for (const [kind, text] of Object.entries({ fullchain: chain(pair), privkey: pair.key })) {
    writeFileSync(lineage('archive', HOST, `${kind}7.pem`), text);
    relink(kind, `../../archive/${HOST}/${kind}7.pem`);
  }
}
function relink(kind: string, target: string): void {
  rmSync(lineage('live', HOST, `${kind}.pem`));
  symlinkSync(target, lineage('live', HOST, `${kind}.pem`));
}

const inArchive = () => lineage('archive', HOST, 'privkey7.pem');
function replaceInArchive(plant: () => void): void {
  rmSync(inArchive());
  plant();
}
function linkFolder(): void {
  renameSync(lineage('archive'), join(own.world.folder, 'elsewhere'));
  symlinkSync(join(own.world.folder, 'elsewhere'), lineage('archive'));
}

it('follows certbot’s own links', async () => {
  const pair = await fresh();
  asCertbot(pair);
  expect(await start()).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(['server.crt', 'server.key'].map(inForce)).toEqual([chain(pair), pair.key]);
});

// Certbot’s user may put anything under any name, and root reads there.
it.each<[string, (secret: string) => void]>([
  ['a link to a file of root', (secret) => relink('privkey', secret)],
  ['a link up and out', () => relink('privkey', '../../../../secret')],
  ['a link to another link', (secret) => replaceInArchive(() => symlinkSync(secret, inArchive()))],
  ['a FIFO', () => replaceInArchive(() => spawnSync('mkfifo', [inArchive()]))],
  ['a huge file', () => truncateSync(inArchive(), 2 ** 40)],
  ['a folder that is a link', () => linkFolder()],
])('takes no certificate from %s', async (_, plant) => {
  const [good, planted] = [await fresh(), await fresh()];
  inVault(good);
  await start();
  own.world.configure({ certificate: { source: 'acme', tokenSecret: 'token' } });
  asCertbot(planted);
  // Even a key that fits: nothing of root’s is copied, whatever it is.
  const secret = join(own.world.folder, 'secret');
  writeFileSync(secret, planted.key);
  plant(secret);
  const outcome = await start();
  expect(outcome).toMatchObject({ code: 0, stderr: expect.stringContaining('what certbot left is not used') });
  expect(['server.crt', 'server.key'].map(inForce)).toEqual([good.certificate, good.key]);
  expect(readdirSync(own.world.path('secrets'))).toHaveLength(5);
});
