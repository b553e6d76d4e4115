// From a device's reading to the mail and the webhook: the real broker, worker, database and receivers.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { addRoute, type Receivers, startReceivers } from './testing/receivers.ts';

let receivers: Receivers;
let lab: Lab;
beforeAll(async () => {
  receivers = await startReceivers();
  lab = await startLab({ devices: 1, worker: true, workerEnv: receivers.settings });
});
afterAll(async () => {
  await lab?.stop();
  await receivers?.stop();
});

test('a rule that is broken is told, and so is its end', async () => {
  const { admin } = lab;
  const { rows } = await admin.query(`
    insert into public.alert_rules (tenant_id, name, kind, field, comparison, threshold, window_minutes)
    select id, 'hot', 'threshold', 't', 'above', 50, 1 from public.tenants where slug = 'acme' returning tenant_id`);
  const tenant = rows[0].tenant_id;
  await addRoute(admin, tenant, await receivers.addWebhook(admin, tenant));
  await addRoute(admin, tenant, await receivers.addMail(admin, tenant, 'on-call@acme.example'));
  const began = performance.now();
  await lab.devices[0]!.publish(['{"t": 99}']);
  await expect.poll(() => [receivers.requests.length, receivers.mails.length]).toEqual([1, 1]);
  console.log(`told after ${Math.round(performance.now() - began)} ms`);
  expect(receivers.requests[0]!.body).toMatchObject({ type: 'alert.opened', data: { rule: 'hot', value: 99 } });
  expect(receivers.mails[0]).toMatchObject({ subject: expect.stringContaining('hot') });
  await admin.query('update public.alert_rules set enabled = false');
  await expect.poll(() => receivers.requests.map(({ body }) => body.type)).toEqual(['alert.opened', 'alert.resolved']);
});
