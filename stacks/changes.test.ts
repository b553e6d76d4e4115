// What changed lines of a stack file change in the plan, and which lines are refused.
import { describe, expect, it } from 'vitest';
import { all, bundleOf, one, planOf, WITH_ALL } from './testing/plan.ts';

describe('a change of configuration', () => {
  it('signs ingest in with the generation that is configured, and keeps the next one’s password ready', async () => {
    const plan = await planOf('dev', WITH_ALL);
    const settings = one(plan, 'web:WebAppApplicationSettings').inputs.properties;
    expect(settings).toMatchObject({
      MQTT_BROKER_USERNAME: 'svc-ingest-2',
      MQTT_BROKER_PASSWORD: expect.stringMatching(/SecretName=svc-ingest-2-password\)$/),
      MQTT_BROKER_PREVIOUS_USERNAME: 'svc-ingest',
      MQTT_BROKER_PREVIOUS_PASSWORD: expect.stringMatching(/^@Microsoft.KeyVault.*SecretName=svc-ingest-password\)$/),
    });
    const secrets = all(plan, 'keyvault:Secret').map(({ inputs }) => inputs.secretName as string);
    expect(secrets.filter((name) => name.startsWith('svc-ingest')).sort()).toEqual([
      'svc-ingest-2-password',
      'svc-ingest-3-password',
      'svc-ingest-password',
    ]);
    const bundle = bundleOf(plan);
    expect(bundle).toContain('"svc-ingest-2.password": "svc-ingest-2-password"');
    expect(bundle).toContain('"svc-ingest.password": "svc-ingest-password"');
  });

  it('that breaks a guarantee is refused before anything is planned, with a message only', async () => {
    const open = planOf('dev', (file) => file.replace('203.0.113.10/32', '0.0.0.0/0'));
    const error = (await open.catch((reason: Error) => reason)) as Error;
    expect(error.message).toContain(
      'mqtt-saas:adminCidrs[0] in Pulumi.dev.yaml "0.0.0.0/0" lets the whole internet try SSH',
    );
    expect(error.message).not.toMatch(/\n\s+at /);
  });
});
