// Renders docs/reference/configuration.md from the schema, so that both say the same.
import { z } from 'zod';
import type { KeyMeta } from './keys/key.ts';
import { setCommand } from './parse.ts';
import { keys } from './schema.ts';

type Key = keyof typeof keys.shape;

/** The whole text of docs/reference/configuration.md. */
export function renderConfigurationDoc(): string {
  const names = Object.keys(keys.shape) as Key[];
  const isRequired = (name: Key) => !keys.shape[name].safeParse(undefined).success;
  return `# Configuration

Generated from \`stacks/configuration/keys/\`; change it there, then \`npx vitest run stacks/configuration/configuration-doc.test.ts --update\`.

An environment is a stack file, \`Pulumi.<stack>.yaml\`. Everything in it is public: the platform takes **no secret** from its
configuration. \`pulumi preview\` and \`npm run preview\` refuse unknown keys, values that would break a guarantee, and anything that
looks like a secret; the error names the command that fixes it. The committed files hold example values: no address, name or key
in them is real.

## Required

${table(names.filter(isRequired))}
## Optional

${table(names.filter((name) => !isRequired(name)))}
## Between keys

- \`prod\` needs \`domain\`: its broker has a public certificate. Other stacks without a domain get a private CA, whose
  certificate is the stack output \`brokerCaCertificate\`.
- With \`supabasePublishableKey\`, the dashboard is deployed; it needs \`cloudflareAccountId\`, and \`databaseProjectRef\` or
  \`supabaseUrl\`. Its address is \`dashboard.<domain>\`, or without a domain the stack output \`dashboardAddress\`.
- With \`deployDatabase\`, \`pulumi up\` needs \`DATABASE_URL\` whenever migrations or sign-ins have changed; with a domain or a
  dashboard it needs \`CLOUDFLARE_API_TOKEN\`. Both are environment variables, never configuration.
- \`domain\` needs \`cloudflareZoneId\` and \`cloudflareAccountId\`.
- \`subnetPrefix\` must be inside \`addressSpace\`.
- \`managed\` needs \`managedDeviceCa\`, and \`functionsSubnetPrefix\` must be inside \`addressSpace\` and apart from \`subnetPrefix\`.
- With Supabase's pooler as \`databaseHost\`, \`databaseProjectRef\` is required.
- A stack's name has 2 to 8 lower-case letters and digits, because it is part of resource names.
`;
}

function table(names: Key[]): string {
  const rows = names.map((name) => {
    const { description } = keys.shape[name].meta() as unknown as KeyMeta;
    return `| \`${name}\` | ${description} | ${defaultOf(name)} | \`${setCommand(name, 'dev')}\` |\n`;
  });
  return `| key | meaning | default | set it |\n|---|---|---|---|\n${rows.join('')}`;
}

function defaultOf(name: Key): string {
  const type = keys.shape[name];
  return type instanceof z.ZodDefault ? `\`${String(type.def.defaultValue)}\`` : '–';
}
