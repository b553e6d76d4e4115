// What TLS the broker speaks. A refusal counts only when the same client gets through to a server that allows it.
import { writeFileSync } from 'node:fs';
import { issue } from '../../../lab/authority.ts';
import { type Check, expect, type Machine } from '../machine.ts';

/** Offers that no modern server takes. The certificate is ECDSA, so each must be possible with such a one. */
const WEAK: { name: string; offer: string; refusal: RegExp }[] = [
  { name: 'TLS 1.0', offer: '-tls1 -cipher ALL:@SECLEVEL=0', refusal: /alert protocol version/ },
  { name: 'TLS 1.1', offer: '-tls1_1 -cipher ALL:@SECLEVEL=0', refusal: /alert protocol version/ },
  {
    name: 'CBC with SHA-1',
    offer: '-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0',
    refusal: /alert handshake failure/,
  },
  {
    name: 'CBC with SHA-256',
    offer: '-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0',
    refusal: /alert handshake failure/,
  },
  {
    name: 'no encryption',
    offer: '-tls1_2 -cipher ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0',
    refusal: /alert handshake failure/,
  },
];

/** On the services' own address: a server that takes everything. */
const LENIENT_PORT = 9999;

/** What OpenSSL's client makes of an offer. Others of these checks show that it can offer what is refused. */
export const handshake = (machine: Machine, offer: string, target = `${machine.host}:8883`) =>
  machine.outsider(`openssl s_client -brief ${offer} -connect ${target} </dev/null`, { timeoutMs: 15_000 });

const strict = ({ host, files }: Machine) =>
  `-verify_return_error -verify_hostname ${host} -servername ${host} -CAfile ${files.caFile}`;

export const checks: Check[] = [
  {
    name: 'a strict client gets TLS 1.2 and 1.3',
    run: async (machine) => {
      for (const version of ['1.2', '1.3']) {
        const offer = `-tls${version.replace('.', '_')} ${strict(machine)}`;
        const { code, stderr } = await handshake(machine, offer);
        expect(code === 0 && stderr.includes('Verification: OK'), `TLS ${version}: ${stderr}`);
      }
      return undefined;
    },
  },
  {
    name: 'the certificate is not good for another name',
    run: async (machine) => {
      const offer = strict(machine).replaceAll(machine.host, 'other.example.test');
      const { code, stderr } = await handshake(machine, offer);
      expect(code !== 0 && /hostname mismatch/i.test(stderr), stderr);
      return undefined;
    },
  },
  ...WEAK.map(
    ({ name, offer, refusal }): Check => ({
      name: `${name} is refused`,
      run: async (machine) => {
        await withLenientServer(machine, async (target) => {
          const twin = await handshake(machine, offer, target);
          expect(twin.code === 0, `this client cannot even offer it: ${twin.stderr}`);
        });
        const { code, stderr } = await handshake(machine, offer);
        expect(code !== 0 && refusal.test(stderr), stderr);
        return undefined;
      },
    }),
  ),
];

async function withLenientServer(machine: Machine, act: (target: string) => Promise<void>): Promise<void> {
  const { folder } = machine.files;
  const { certificate, key } = await issue(machine.services.ca, ['lenient.example.test']);
  writeFileSync(`${folder}/lenient.pem`, `${certificate}\n${key}`);
  const address = machine.addresses.outsider.v4;
  const options = `-accept ${address}:${LENIENT_PORT} -naccept 2 -cert ${folder}/lenient.pem -cipher ALL:eNULL:@SECLEVEL=0 -quiet`;
  const server = machine.outsider(`exec openssl s_server ${options}`, { timeoutMs: 10_000 });
  // The first of two connections shows that it listens.
  await machine.outsider(`for i in $(seq 50); do nc -z ${address} ${LENIENT_PORT} && exit; sleep 0.1; done`);
  await act(`${address}:${LENIENT_PORT}`);
  await server;
}
