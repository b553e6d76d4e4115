// The floor of OpenSSH is judged by what the server says before anybody signs in.
import { describe, expect, it } from 'vitest';
import { judgeBanner } from './packages.ts';

describe('what OpenSSH says of itself', () => {
  it.each([
    ['SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.3', '1:9.6p1-3ubuntu13.3'],
    ['SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.16', '1:9.6p1-3ubuntu13.16'],
    ['SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10', '1:9.2p1-2+deb12u10'],
    ['SSH-2.0-OpenSSH_10.0p1 Debian-7', '1:10.0p1-7'],
  ])('%s reaches its floor', (banner, version) => {
    expect(judgeBanner(banner)).toBe(`openssh-server ${version}`);
  });

  it.each(['SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13', 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2'])(
    '%s is below',
    (banner) => {
      expect(() => judgeBanner(banner)).toThrow(/is below 1:9\.\dp1-.*unattended-upgrade/);
    },
  );

  it('without a version of a package is not judged', () => {
    expect(judgeBanner('SSH-2.0-dropbear')).toBe('not judged: SSH-2.0-dropbear');
  });
});
