// The rendered manifests, whole, and the settings that they are made from. tests/kubernetes has the genuine API server judge them.
import { expect, it } from 'vitest';
import { objectsOf, renderKubernetes } from './render.ts';
import { readSettings } from './settings.ts';
import { containersOf, isLasting, podsIn } from './testing/objects.ts';
import { changed, PROD, prod, staging } from './testing/settings.ts';

it.each([
  ['staging', staging()],
  ['prod', prod()],
])('%s is what it was', async (name, settings) => {
  for (const [file, text] of Object.entries(renderKubernetes(settings)))
    await expect(text).toMatchFileSnapshot(`snapshots/${name}/${file}`);
});

it('has two of each in prod, on different nodes, by digest', () => {
  for (const pod of podsIn(objectsOf(prod()))) {
    for (const { image } of containersOf(pod.spec)) expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
    if (!isLasting(pod)) continue;
    expect(pod.replicas, pod.name).toBe(2);
    expect(pod.spec.affinity?.podAntiAffinity, pod.name).toBeDefined();
  }
});

it('has a standby broker in prod, with workers of its own', () => {
  const pods = podsIn(objectsOf(prod()));
  const environment = (name: string) =>
    Object.fromEntries(
      pods.find((pod) => pod.name === name)!.spec.containers[0]!.env!.map((one) => [one.name, one.value]),
    );
  const [worker, other] = [environment('worker-0'), environment('worker-1')];
  expect(worker.MQTT_BROKER_URL).toBe('mqtts://broker-0.brokers.mqtt-saas.svc:8883');
  expect(other.MQTT_BROKER_URL).toBe('mqtts://broker-1.brokers.mqtt-saas.svc:8883');
  expect(other.MQTT_CLIENT_ID).not.toBe(worker.MQTT_CLIENT_ID);
  // Devices are on one of them: commands go there, whichever worker sends them.
  expect(other.MQTT_CONTROL_BROKER_URL).toBe(worker.MQTT_CONTROL_BROKER_URL);
});

it('gives a job another name when it is another one: it cannot be changed', () => {
  const jobOf = (settings: ReturnType<typeof staging>) =>
    objectsOf(settings).find(({ kind }) => kind === 'Job')!.metadata.name;
  const settings = staging();
  expect(jobOf(settings)).toBe(jobOf(staging()));
  expect(jobOf({ ...settings, images: { ...settings.images, app: 'registry.example.com/app:2' } })).not.toBe(
    jobOf(settings),
  );
});

it.each([
  [
    { ...PROD, images: { ...PROD.images, app: 'registry.example.com/app:1' } },
    'images.app: must be pinned by its digest',
  ],
  [{ ...PROD, database: undefined }, 'database: is missing'],
  [{ ...PROD, sharedStorageClass: undefined }, 'sharedStorageClass: is missing'],
  [{ database: PROD.database }, 'database: is for prod'],
  [{ activeBroker: 1 }, 'activeBroker: must be 0'],
  [{ host: 'not a name' }, 'host: must be a DNS name'],
  [{ nodeSelector: {} }, 'the file: Unrecognized key'],
])('refuses settings that break it: %#', (changes, message) => {
  expect(() => readSettings(changed(changes))).toThrow(message);
});
