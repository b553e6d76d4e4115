import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { compareVersions, floorOf, IMAGE, openHoles, PACKAGE_ROWS } from './package-floors.ts';

const hasDpkg = spawnSync('dpkg', ['--version']).status === 0;
const VERSIONS = [
  ...PACKAGE_ROWS.flatMap(({ floors }) => Object.values(floors).map((floor) => floor!.split(' ')[1]!)),
  ...['2.0.18-1build3', '2.0.22-0mosquitto1~noble1', '1:9.6p1-3ubuntu13', '1:9.6p1-3ubuntu13.16', '1.0.2-3', '1.0.2-2'],
  ...['2.0', '2.0~rc1', '2.0+b1', '2.0-1', '2.0.1', '2.a', '1:0', '0', '16.10-0ubuntu0.24.04.1', '16.11', '16.11~'],
];

describe('versions', () => {
  it.runIf(hasDpkg)('are ordered as dpkg orders them', () => {
    const pairs = VERSIONS.flatMap((a) => VERSIONS.map((b) => [a, b] as const));
    const script = 'while read -r a b; do dpkg --compare-versions "$a" lt "$b" && echo "$a < $b"; done';
    const input = pairs.map((pair) => `${pair.join(' ')}\n`).join('');
    const { stdout } = spawnSync('sh', ['-c', script], { input, encoding: 'utf8' });
    const ours = pairs.filter(([a, b]) => compareVersions(a, b) < 0).map((pair) => pair.join(' < '));
    expect(ours).toEqual(stdout.trim().split('\n'));
    expect(ours.length).toBeGreaterThan(300);
  });

  it('of equal meaning are equal', () => {
    expect(compareVersions('1.0', '1.0-0')).toBe(0);
    expect(compareVersions('0:1.0', '1.00')).toBe(0);
  });
});

describe('the table', () => {
  it('names what the image cannot reach by its free archive, and how', () => {
    const beyond = PACKAGE_ROWS.filter((row) => row.beyond?.[IMAGE]);
    expect(beyond.map(({ name }) => name)).toEqual(['mosquitto']);
    for (const { floors, beyond: archive, remedy } of beyond) {
      expect(compareVersions(archive![IMAGE]!, floors[IMAGE]!.split(' ')[1]!)).toBeLessThan(0);
      expect(remedy?.[IMAGE]).toContain('ubuntuPro');
    }
  });

  it('has one floor a package', () => {
    const packages = PACKAGE_ROWS.flatMap(({ floors }) => floors[IMAGE]?.split(' ')[0] ?? []);
    expect(new Set(packages).size).toBe(packages.length);
    expect(floorOf('openssh-server')).toMatch(/^1:9\.6p1-/);
    expect(floorOf('no-such-package')).toBeUndefined();
  });

  it('has a hole open where the configuration does not cover it', () => {
    expect(openHoles('').map(({ name }) => name)).toEqual(['mosquitto']);
    expect(openHoles('', 'debian 12')).toEqual([]);
  });
});
