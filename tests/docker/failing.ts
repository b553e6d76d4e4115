// Makes one call of a program fail, once: in front of Docker's and Postgres' programs lie others that look for a wish to fail.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who makes calls fail. */
export interface Failing {
  /** The next call whose words match fails. @param pattern of `grep -E`. */
  next(pattern: string): void;
  /** Whether that call came; takes the wish back. */
  happened(): boolean;
}

/** Puts the programs in front of PATH. @param postgresClient folder of Postgres' programs. */
export function makeFailing(folder: string, postgresClient: string): Failing {
  mkdirSync(folder);
  const wish = join(folder, 'wish');
  const find = (name: string) => spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
  const programs = {
    docker: find('docker'),
    'docker-compose': find('docker-compose'),
    ...Object.fromEntries(['pg_dump', 'pg_restore', 'psql'].map((name) => [name, join(postgresClient, name)])),
  };
  for (const [name, program] of Object.entries(programs)) {
    const script = `#!/bin/sh
# Fails once when it is wished: ${wish}
if [ -e ${wish} ] && echo "${name} $*" | grep -qE "$(cat ${wish})"; then
  rm ${wish}
  echo "made to fail: ${name}" >&2
  exit 1
fi
exec ${program} "$@"
`;
    writeFileSync(join(folder, name), script, { mode: 0o755 });
  }
  process.env.PATH = `${folder}:${process.env.PATH}`;
  return {
    next: (pattern) => writeFileSync(wish, pattern),
    happened: () => {
      const came = !existsSync(wish);
      rmSync(wish, { force: true });
      return came;
    },
  };
}
