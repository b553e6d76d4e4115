// For tests: the row of every rule about secrets, wherever they are.
import { pagesAndRecords } from '../cloudflare/pages-and-records.ts';
import { STACK } from '../resource.ts';
import { noSecretOutput } from '../stack/no-secret-output.ts';
import { resource, UNKNOWN_TEXT } from '../testing/plan.ts';
import type { Specimen } from '../testing/specimen.ts';
import { COMMANDS, DNS_RECORDS, PAGES_PROJECT, RANDOM_PASSWORD, RANDOM_STRING } from '../types.ts';
import { generatedAndRun } from './generated-and-run.ts';

export const SECRET_SPECIMENS: Specimen[] = [
  {
    rule: noSecretOutput,
    plan: [resource(STACK, 'mqtt-saas-dev', { brokerHost: 'mqtt.example.com' })],
    broken: { 'Stack.*': ['postgres://ingest:Tr0ub4dor@db.example.com/postgres'] },
    paths: { 'Stack.*': 'Stack.brokerHost' },
  },
  {
    rule: pagesAndRecords,
    plan: [
      resource(PAGES_PROJECT, 'dashboard', {
        deploymentConfigs: {
          production: { envVars: { API_TOKEN: { type: 'secret_text', value: UNKNOWN_TEXT } } },
          preview: { envVars: { API_URL: { type: 'plain_text', value: 'https://api.example.com' } } },
        },
      }),
      resource(DNS_RECORDS[0]!, 'www', { name: 'www.example.com', type: 'CNAME', proxied: true }),
      resource(DNS_RECORDS[0]!, 'broker', { name: 'mqtt.example.com', type: 'A', proxied: false }),
      resource(DNS_RECORDS[0]!, 'challenge', { name: '_acme-challenge.mqtt.example.com', type: 'TXT' }),
    ],
    broken: {
      'PagesProject.deploymentConfigs': [
        { production: { envVars: { API_TOKEN: { type: 'plain_text', value: 'Tr0ub4dor' } } } },
        { preview: { environmentVariables: { DATABASE: 'postgres://ingest:Tr0ub4dor@db.example.com/x' } } },
      ],
      'PagesProject.deploymentConfigs.preview.envVars': [{ API_TOKEN: { value: UNKNOWN_TEXT } }],
      'DnsRecord.proxied': [false],
    },
    likewise: { [DNS_RECORDS[0]!]: [DNS_RECORDS[1]!] },
    wrongConfigs: [{ directHosts: ['www.example.com'] }],
  },
  {
    rule: generatedAndRun,
    plan: [
      resource(RANDOM_PASSWORD, 'password', { length: 24, special: false }),
      resource(RANDOM_STRING, 'suffix', { length: 6 }),
      resource(COMMANDS[0]!, 'migrate', {
        create: 'npm run ops -- db apply',
        environment: { LOG_LEVEL: 'info' },
        logging: 'none',
        triggers: ['0f2c'],
      }),
    ],
    broken: {
      'RandomPassword.length': [16, 23],
      'RandomPassword.lower': [false],
      'Command.create': ['psql postgres://ingest:Tr0ub4dor@db.example.com/x'],
      'Command.stdin': ['password: Tr0ub4dor-and-3'],
      'Command.environment': [{ PGPASSWORD: 'Tr0ub4dor' }, { TOKEN: UNKNOWN_TEXT }],
      'Command.logging': ['stdout', 'stdoutAndStderr'],
    },
    likewise: { [COMMANDS[0]!]: [COMMANDS[1]!] },
  },
];
