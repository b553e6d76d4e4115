// The rendered Compose project: whole, the same for the same arguments, and no container with more than it needs.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ingressRules } from '../../domain/ingress.ts';
import { readQuestionSettings } from '../../functions/settings/questions.ts';
import { TENANT_CONNECTIONS, TENANT_MESSAGES_PER_SECOND } from '../broker/config.ts';
import { renderCompose } from './render.ts';
import { SECRETS } from './secrets.ts';

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
const app = [{ path: 'front-door.mjs', content: Buffer.from('1'), executable: false }];
const release = renderCompose(app);
/** Of a service, what is looked at here. */
interface Service {
  user: string;
  read_only: boolean;
  cap_drop: string[];
  security_opt: string[];
  mem_limit: string;
  pids_limit: number;
  ports?: string[];
  networks: Record<string, unknown>;
  environment?: Record<string, string>;
  secrets: { source: string }[];
  privileged?: boolean;
}
const project = parse(release.compose) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean }>;
  secrets: Record<string, { file: string }>;
};
const services = Object.entries(project.services);

it('is what it was', async () => {
  const text = release.compose.replaceAll(release.id, 'RELEASE');
  await expect(text).toMatchFileSnapshot('snapshots/compose.yaml');
});

it('is named after its content', () => {
  expect(renderCompose(app).id).toBe(release.id);
  expect(renderCompose([{ ...app[0]!, content: Buffer.from('2') }]).id).not.toBe(release.id);
});

it('publishes MQTT over TLS as the machine does, the web, and no other port', () => {
  const published = services.flatMap(([, { ports = [] }]) => ports.map((port) => Number(port.split(':')[0])));
  const mqtt = ingressRules({ adminCidrs: [] }).find(({ name }) => name === 'allow-mqtts')!.port;
  expect(published.sort((a, b) => a - b)).toEqual([80, 443, mqtt]);
});

it('bounds what a tenant may send, and how many of its devices may be connected', () => {
  const conf = release.image.find(({ path }) => path === 'broker/mosquitto.conf')!.content.toString();
  expect(conf).toContain(`\nplugin_opt_tenant_rate ${TENANT_MESSAGES_PER_SECOND}\n`);
  expect(conf).toContain(`\nplugin_opt_tenant_connections ${TENANT_CONNECTIONS}\n`);
});

it('keeps the database and the API on networks without a way out', () => {
  for (const name of ['database', 'api', 'agent', 'nightly']) {
    for (const network of Object.keys(project.services[name]!.networks))
      expect(project.networks[network]?.internal, `${name} on ${network}`).toBe(true);
  }
});

it.each(services)('%s has no root, no capability, a read-only file system, and bounds', (_, service) => {
  expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
  expect(service.user).toMatch(/^8\d\d:8\d\d$/);
  expect(service.mem_limit).toMatch(/^\d+m$/);
  expect(service.pids_limit).toBeGreaterThan(0);
  expect(service.privileged).toBeUndefined();
});

it('gives every secret as a file, and none in the environment', () => {
  expect(Object.keys(project.secrets).every((name) => name in SECRETS)).toBe(true);
  for (const [name, { environment = {} }] of services)
    for (const [key, value] of Object.entries(environment))
      if (/PASSWORD|SECRET|KEY|DATABASE_URL|CONNECTION_STRING/.test(key))
        expect(value, `${name}: ${key}`).toMatch(/^\/run\/secrets\//);
});

it('gives the worker each setting of questions: from .env, and secrets as files', () => {
  const { environment = {} } = project.services.worker!;
  const names = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name).sort();
  const given = Object.keys(environment).map((key) => key.replace(/_FILE$/, ''));
  const known = names(read('../../functions/worker/cli.ts'), /^ {2}(QUESTIONS_\w+) /gm);
  expect(known).toContain('QUESTIONS_MODELS');
  expect(given.filter((key) => key.startsWith('QUESTIONS_')).sort()).toEqual(known);
  const fromEnv = Object.values(environment).filter((value) => value.startsWith('${QUESTIONS_'));
  expect(names(fromEnv.join(), /\{(QUESTIONS_\w+):-\}/g)).toEqual(
    names(read('./compose.env.example'), /^(QUESTIONS_\w+)=$/gm),
  );
  // What else it lacks would be told when somebody asks.
  const settings = { ...environment, QUESTIONS_URL: 'https://model.example/v1', QUESTIONS_MODELS: 'small=1/2' };
  const files = { QUESTIONS_KEY: 'k', QUESTIONS_PUBLISHABLE_KEY: 'p', QUESTIONS_PRICES_FROM: '2026-11-01' };
  const caps = Object.fromEntries(known.filter((name) => /TOKENS|USD/.test(name!)).map((name) => [name, '']));
  const database = { EXTERNAL_DATABASE_CONNECTION_STRING: 'postgres://u:p@database/d', EXTERNAL_DATABASE_CA: '' };
  expect(readQuestionSettings({ ...settings, ...files, ...caps, ...database })?.apiUrl).toBe('http://api:8080');
});

it('leaves no mark of a template in the front door', () => {
  const nginx = release.image.find(({ path }) => path === 'proxy/nginx.conf')!;
  expect(`${Buffer.from(nginx.content)}`).not.toContain('${');
  expect(`${Buffer.from(nginx.content)}`).toContain('ssl_ciphers ECDHE-');
});
