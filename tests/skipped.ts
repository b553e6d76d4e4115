// Which tests may be skipped where CI is set: those that need a privilege which this process lacks, and say so in their names. One that
// lacks a program there is a fault of the run: nobody would notice that it is never run.
import { spawnSync } from 'node:child_process';

/** What may be lacking, by the word in a test's full name. */
export interface Lacking {
  'needs root': boolean;
  namespaces: boolean;
}

/** Checked by what is booted in test:machine, too: nobody's machine gets these two for the tests' sake. */
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
