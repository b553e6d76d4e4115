// Which tests may be skipped where CI is set: those that need a privilege that this process lacks, and say so in their names. A test
// that lacks a program fails the run there: otherwise nobody would notice that it never runs.
import { spawnSync } from 'node:child_process';

/** What may be lacking, by the word in a test's full name. */
export interface Lacking {
  'needs root': boolean;
  namespaces: boolean;
}

/** Need cloud-init and sshd, which no developer has to install for the tests: test:machine checks both on the booted machine. */
const ON_A_MACHINE = /cloud-init’s own schema|an sshd configuration that sshd accepts/;

/** As it is here. */
export function lackingHere(): Lacking {
  return {
    'needs root': process.getuid?.() !== 0,
    namespaces: spawnSync('unshare', ['--map-root-user', '--net', '--pid', '--fork', 'true']).status !== 0,
  };
}

/** @param skipped full names. @returns those that must not have been. */
export function wronglySkipped(skipped: string[], lacking: Lacking): string[] {
  const words = Object.entries(lacking).flatMap(([word, isLacking]) => (isLacking ? [word] : []));
  return skipped.filter((name) => !ON_A_MACHINE.test(name) && !words.some((word) => name.includes(word)));
}
