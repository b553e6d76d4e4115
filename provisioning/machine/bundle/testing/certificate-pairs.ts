// Pairs for deploy-certificate's tests: made, left where certbot or the vault has them, and read where they are in force.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach } from 'vitest';
import { issue, type Life, makeAuthority, type Pair } from '../../../../lab/authority.ts';
import { type CertificateWorld, FROM_VAULT, HOST, makeCertificateWorld } from './certificate-world.ts';

/** A CA for the file that calls it, and a world for each of its tests. */
export function pairsOfFile() {
  let ca: Pair;
  let world: CertificateWorld;
  beforeAll(async () => {
    ca = await makeAuthority('mqtt-saas test CA');
  });
  beforeEach(async () => {
    world = await makeCertificateWorld();
    world.configure({ acmeDirectory: 'https://acme.example.test/dir' });
  });
  afterEach(() => world.remove());
  /** Path in certbot's folder for the ACME server. */
  const lineage = (...names: string[]) => world.path('state', 'acme.example.test-dir', ...names);
  return {
    get ca() {
      return ca;
    },
    get world() {
      return world;
    },
    lineage,
    chain: (pair: Pair, issuer = ca) => `${pair.certificate}\n${issuer.certificate}\n`,
    fresh: (life?: Life) => issue(ca, [HOST], [], life),
    /** Leaves a pair where certbot would. */
    obtained(certificate: string, key: string): void {
      mkdirSync(lineage('live', HOST), { recursive: true });
      writeFileSync(join(lineage('live', HOST), 'fullchain.pem'), certificate);
      writeFileSync(join(lineage('live', HOST), 'privkey.pem'), key);
    },
    inVault(pair: Pair, issuer = ca): void {
      world.configure({ certificate: FROM_VAULT });
      const values = { crt: pair.certificate, key: pair.key, ca: issuer.certificate };
      for (const [name, value] of Object.entries(values)) world.azure.secrets.set(name, value);
    },
    /** What a start of the broker does. */
    start: () => world.run('deploy-certificate', ['--starting']),
    inForce: (file: string) => readFileSync(world.path('secrets', file), 'utf8'),
  };
}
