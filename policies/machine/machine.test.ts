// Each rule about the machine: accepts a correct machine and finds each wrong property.
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { messagesOf, UNKNOWN_TEXT, withProperty } from '../testing/plan.ts';
import { managedIdentity } from './managed-identity.ts';
import { noPasswordLogin } from './no-password-login.ts';
import { noSecretInBootData } from './no-secret-in-boot-data.ts';

const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64');
const BOOT = `#cloud-config
package_update: true
ssh_pwauth: false
users:
  - name: operator
    lock_passwd: true
    ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICTih6NsXavdHXSZNi/lVsXpREUUhabVa/jz1DU3YQ2F operator]
write_files:
  - path: /etc/mosquitto/conf.d/tls.conf
    content: |
      allow_anonymous false
      password_file /etc/mosquitto/passwd
  - path: /usr/local/sbin/fetch
    content: |
      TOKEN=$(curl -s -H Metadata:true "http://169.254.169.254/metadata/identity/oauth2/token?resource=https://vault.azure.net")
      curl -H "Authorization: Bearer \${TOKEN}" https://example.vault.azure.net/secrets/ingest-password
      password="$(cat /run/secrets/password)"
`;
const MACHINE = {
  identity: { type: 'UserAssigned', userAssignedIdentities: [UNKNOWN_TEXT] },
  osProfile: {
    adminUsername: 'operator',
    customData: base64(BOOT),
    linuxConfiguration: { disablePasswordAuthentication: true },
  },
};

describe('vm-no-password-login', () => {
  const broken = (path: string, value: unknown) => messagesOf(noPasswordLogin, withProperty(MACHINE, path, value));

  test('keys only is fine', () => {
    expect(messagesOf(noPasswordLogin, MACHINE)).toEqual([]);
  });
  test.each([
    ['osProfile.linuxConfiguration.disablePasswordAuthentication', false],
    ['osProfile.linuxConfiguration.disablePasswordAuthentication', 'true'],
    ['osProfile.linuxConfiguration.disablePasswordAuthentication', undefined],
    ['osProfile.linuxConfiguration.disablePasswordAuthentication', UNKNOWN_TEXT],
    ['osProfile.linuxConfiguration', undefined],
    ['osProfile', undefined],
    ['osProfile', UNKNOWN_TEXT],
    ['osProfile.adminPassword', 'Tr0ub4dor&3'],
    ['osProfile.adminPassword', UNKNOWN_TEXT],
  ])('%s = %s is not', (path, value) => {
    expect(broken(path, value)).not.toEqual([]);
    expect(broken(path, value).join()).not.toContain('Tr0ub4dor');
  });
});

describe('vm-managed-identity', () => {
  const broken = (value: unknown) => messagesOf(managedIdentity, withProperty(MACHINE, 'identity', value));

  test.each([
    [MACHINE.identity],
    [{ type: 'SystemAssigned' }],
    [{ type: 'systemassigned, userassigned' }],
    [{ type: 'UserAssigned', userAssignedIdentities: { '/subscriptions/0/id': {} } }],
  ])('%j is an identity', (identity) => {
    expect(broken(identity)).toEqual([]);
  });
  test.each([
    [undefined],
    [UNKNOWN_TEXT],
    [{}],
    [{ type: 'None' }],
    [{ type: UNKNOWN_TEXT }],
    [{ type: 'UserAssigned' }],
    [{ type: 'UserAssigned', userAssignedIdentities: [] }],
    [{ type: 'UserAssigned', userAssignedIdentities: UNKNOWN_TEXT }],
  ])('%j is none', (identity) => {
    expect(broken(identity)).toHaveLength(1);
  });
});

describe('vm-no-secret-in-boot-data', () => {
  const SECRET = 'password: Tr0ub4dor-and-3';
  const withBoot = (text: string) =>
    messagesOf(noSecretInBootData, withProperty(MACHINE, 'osProfile.customData', text));
  const mime = (body: string, encoding: string) =>
    `Content-Type: multipart/mixed; boundary="=="\n\n--==\nContent-Type: text/cloud-config\nContent-Transfer-Encoding: ${encoding}\n\n${body}\n\n--==--\n`;
  const lines = (text: string) => text.replace(/(.{76})/g, '$1\n');
  const filler = '# a comment that fills the line\n'.repeat(12);

  test('boot data as the product writes it is fine', () => {
    expect(messagesOf(noSecretInBootData, MACHINE)).toEqual([]);
    expect(withBoot(base64(gzipSync(BOOT)))).toEqual([]);
    expect(withBoot(base64(mime(lines(base64(BOOT)), 'base64')))).toEqual([]);
    expect(messagesOf(noSecretInBootData, withProperty(MACHINE, 'osProfile.customData', undefined))).toEqual([]);
  });
  test.each([
    ['plain', `#cloud-config\n${SECRET}`],
    ['base64', base64(`#cloud-config\n${SECRET}`)],
    ['gzip', base64(gzipSync(`#cloud-config\n${SECRET}`))],
    ['base64 twice', base64(base64(`#cloud-config\n${SECRET}`))],
    ['MIME, base64', base64(mime(lines(base64(filler + SECRET)), 'base64'))],
    ['MIME, quoted-printable', base64(mime('pass=\nword: Tr0ub4dor-and-3', 'quoted-printable'))],
    ['a base64 file', base64(`write_files:\n  - encoding: b64\n    content: ${base64(SECRET)}\n`)],
    [
      'a wrapped base64 file',
      base64(
        `write_files:\n  - encoding: b64\n    content: |\n      ${lines(base64(filler + SECRET)).replaceAll('\n', '\n      ')}\nruncmd: []\n`,
      ),
    ],
    ['a gzipped base64 file', base64(`write_files:\n  - encoding: gz+b64\n    content: ${base64(gzipSync(SECRET))}\n`)],
    ['gzip around MIME around gzip', base64(gzipSync(mime(lines(base64(gzipSync(filler + SECRET))), 'base64')))],
  ])('a secret in %s is found and not shown', (_, text) => {
    expect(withBoot(text).join()).toContain('osProfile.customData contains a password or token written as a setting');
    expect(withBoot(text).join()).not.toContain('Tr0ub4dor');
  });
  test('userData is searched too', () => {
    expect(messagesOf(noSecretInBootData, { userData: base64(SECRET) }).join()).toContain('userData contains');
  });
  test.each([
    ['unknown', UNKNOWN_TEXT, 'not known during preview'],
    ['broken gzip', base64(gzipSync(BOOT).subarray(0, 60)), 'cannot be read'],
    ['an archive bomb', base64(gzipSync(Buffer.alloc(64 * 1024 * 1024))), 'cannot be read'],
    ['not a string', 42, 'not a string'],
  ])('what is %s counts as a secret', (_, value, message) => {
    expect(messagesOf(noSecretInBootData, withProperty(MACHINE, 'osProfile.customData', value)).join()).toContain(
      message,
    );
  });
});
