// The genuine nats-server, built once from its published Go module (nats-server/go.mod).
import { join } from 'node:path';
import { findGoProgram } from './go-program.ts';

const MODULE = 'github.com/nats-io/nats-server/v2';

/** Path of the program. @throws NotBuilt when it is not there and cannot be built. */
export const findNatsServer = (): Promise<string> =>
  findGoProgram({
    name: 'nats-server',
    module: join(import.meta.dirname, 'nats-server'),
    versionOf: MODULE,
    package: MODULE,
  });
