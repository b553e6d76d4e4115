// Whether a server of this container answers: `node health.mjs PATH HOST`. Any answer but that it is not meant: exit code 0.
import { request } from 'node:http';

const NOT_ITS_NAME = 421;

request(
  {
    host: '127.0.0.1',
    port: 8080,
    path: process.argv[2],
    headers: { host: process.argv[3] },
    timeout: 8000,
  },
  ({ statusCode }) => process.exit(statusCode === NOT_ITS_NAME ? 1 : 0),
)
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1))
  .end();
