// `ops rotate due`: which keys of an environment should be replaced, according to the history of the stack files.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { ROOT } from '../../bootstrap/root.mjs';

/** A key whose replacement changes a line of the stack file. */
interface KeyKind {
  what: string;
  /** The configuration key whose line changes; without such a line, the key is as old as the file. */
  line: string;
  /** How often to replace it, from docs/runbooks/credential-rotation.md. Days. */
  maximumAge: number;
  remedy(stack: string): string;
}

const KINDS: readonly KeyKind[] = [
  {
    what: "ingest's key on the broker",
    line: 'ingestGeneration:',
    maximumAge: 90,
    remedy: (stack) => `npm run ops -- rotate ingest --target ${stack}`,
  },
  {
    what: "the administrator's SSH key",
    line: 'sshPublicKey:',
    maximumAge: 365,
    remedy: (stack) => `pulumi config set mqtt-saas:sshPublicKey "$(cat ~/.ssh/id_ed25519.pub)" --stack ${stack}`,
  },
  {
    what: "the control loop's key on the broker",
    line: 'controlGeneration:',
    maximumAge: 90,
    remedy: (stack) => `pulumi config set mqtt-saas:controlGeneration NEXT --stack ${stack}`,
  },
];

/** How old a key is. */
export interface KeyAge {
  stack: string;
  what: string;
  /** Day on which it came into the stack file, ISO date. */
  since: string;
  /** Whole days. */
  age: number;
  maximumAge: number;
  due: boolean;
  remedy: string;
}

const DAY_MS = 86_400_000;

/**
 * Every key of every stack.
 * @param root the clone, with its whole history. @param now milliseconds since 1970.
 * @throws Error if git fails, or the clone is shallow, where everything looks new.
 */
export function keyAges(root: string, now: number): KeyAge[] {
  if (git(root, 'rev-parse', '--is-shallow-repository') === 'true') {
    throw new Error('this clone lacks its history, so every key looks new: git fetch --unshallow');
  }
  const files = git(root, 'ls-files', 'Pulumi.*.yaml').split('\n').filter(Boolean);
  return files.flatMap((file) => {
    const stack = file.slice('Pulumi.'.length, -'.yaml'.length);
    if (stack.includes('.') || !existsSync(join(root, file))) return [];
    return KINDS.map(({ what, line, maximumAge, remedy }) => {
      const changed =
        git(root, 'log', '-1', '--format=%cI', '-G', `^ *mqtt-saas:${line}`, '--', file) ||
        git(root, 'log', '--diff-filter=A', '--format=%cI', '--', file).split('\n').at(-1);
      const age = Math.floor((now - Date.parse(changed ?? '')) / DAY_MS);
      const since = (changed ?? '').slice(0, 10);
      return { stack, what, since, age, maximumAge, due: age >= maximumAge, remedy: remedy(stack) };
    });
  });
}

function git(root: string, ...args: string[]): string {
  return execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** The command. */
export const dueCommand = () =>
  new Command('due')
    .description('list the keys that should be replaced, by the history of the stack files')
    .option('--markdown', 'only what is due, as the text of an issue; prints nothing if nothing is due')
    .action(({ markdown }: { markdown?: true }) => {
      const ages = keyAges(ROOT, Date.now());
      if (!markdown) {
        for (const { stack, what, since, age, maximumAge, due } of ages) {
          console.log(`${due ? 'due' : 'ok '}  ${stack}: ${what}, since ${since}, ${age} of ${maximumAge} days`);
        }
        return;
      }
      const lines = ages
        .filter(({ due }) => due)
        .map(
          ({ stack, what, since, age, remedy }) =>
            `- [ ] ${stack}: ${what}, since ${since} (${age} days): \`${remedy}\``,
        );
      if (lines.length > 0) {
        console.log(`${lines.join('\n')}\n\nHow, and how to go back: docs/runbooks/credential-rotation.md`);
      }
    });
