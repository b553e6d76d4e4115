// `ops failover` on a drill's machines, as a process that can be killed: the same steps, only the stack's file is a file of the drill's, and
// its outputs stand in the environment.
import { Resolver } from 'node:dns/promises';
import { readFileSync, writeFileSync } from 'node:fs';
import { cloudflareRecord } from '../../ops/failover/cloudflare.ts';
import type { Role } from '../../ops/failover/environment.ts';
import { failOver } from '../../ops/failover.ts';

const { env } = process;
const file = env.ACTIVE_BROKER_FILE!;
await failOver(
  {
    target: 'drill',
    brokerHost: 'mqtt.example.test',
    port: 8883,
    ca: readFileSync(env.CA_FILE!, 'utf8'),
    machines: JSON.parse(env.MACHINES!),
    database: { url: env.DATABASE_URL! },
    configured: () => readFileSync(file, 'utf8') as Role,
    configure: async (role) => writeFileSync(file, role),
    record: cloudflareRecord('drill', 'mqtt.example.test', env),
    resolve: (name) => new Resolver({ timeout: 2_000, tries: 2 }).resolve4(name),
  },
  process.argv[2] as Role,
);
