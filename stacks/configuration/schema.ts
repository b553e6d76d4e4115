// Every configuration key of an environment, from the files of keys/, and the rules between keys. docs/reference/configuration.md
// is generated from them.
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { VM_SIZES } from '../../components/vm-sizes.ts';
import { assertQueueFits } from '../../provisioning/broker/queue.ts';
import { overdue } from '../adoption/plan.ts';
import { adoptionKeys } from './keys/adopted.ts';
import { brokerKeys } from './keys/broker.ts';
import { databaseKeys } from './keys/database.ts';
import { environmentKeys } from './keys/environment.ts';
import { managedKeys } from './keys/managed.ts';
import { notificationKeys } from './keys/notifications.ts';
import { questionKeys } from './keys/questions.ts';
import { watchingKeys } from './keys/watching.ts';
import { queueOf } from './queue.ts';

/** The keys below `mqtt-saas:`, each with its own rule. */
export const keys = z.strictObject({
  ...environmentKeys,
  ...databaseKeys,
  ...brokerKeys,
  ...managedKeys,
  ...watchingKeys,
  ...notificationKeys,
  ...questionKeys,
  ...adoptionKeys,
});

const POOLER = /\.pooler\.supabase\.com$/;

/** Rules between keys, for one stack. It is a schema again, so that all problems are reported in one form. */
export function schemaFor(stack: string) {
  return keys.superRefine((config, context) => {
    const refuse = (path: keyof typeof config, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });

    if (stack === 'prod' && config.domain === undefined) {
      refuse(
        'domain',
        'is missing: devices of prod verify certificates, so the broker needs a public one, and for that a domain',
      );
    }
    if (config.standbyBroker && config.domain === undefined)
      refuse('domain', 'is missing: a fail-over moves the broker’s name, and a name of Azure’s cannot be moved');
    if (config.activeBroker === 'standby' && !config.standbyBroker)
      refuse('activeBroker', 'is standby, but there is none: move the name back first, with npm run ops -- failover');
    for (const id of ['cloudflareZoneId', 'cloudflareAccountId'] as const) {
      if (config.domain !== undefined && config[id] === undefined)
        refuse(id, 'is missing: the broker’s DNS name and certificate need it');
    }
    if (config.supabasePublishableKey !== undefined) {
      if (config.cloudflareAccountId === undefined) {
        refuse('cloudflareAccountId', 'is missing: the dashboard is deployed into that account');
      }
      if (config.supabaseUrl === undefined && config.databaseProjectRef === undefined) {
        refuse(
          'supabaseUrl',
          'is missing: without it or databaseProjectRef, the address of Supabase’s API is not known',
        );
      }
    }
    for (const name of ['questionsModels', 'questionsPricesFrom', 'supabasePublishableKey'] as const) {
      if (config.questionsUrl !== undefined && config[name] === undefined)
        refuse(name, 'is missing: questions need models, their prices, and the dashboard');
    }
    for (const name of ['smtpUser', 'mailFrom'] as const) {
      if (config.smtpHost !== undefined && config[name] === undefined)
        refuse(name, 'is missing: mails go through smtpHost with a user name and a sender');
    }
    if (config.smtpHost !== undefined && config.supabasePublishableKey === undefined) {
      refuse(
        'supabasePublishableKey',
        'is missing: mails ask for a confirmation on the dashboard, which is not deployed without it',
      );
    }
    if (!contains(config.addressSpace, config.subnetPrefix)) {
      refuse('subnetPrefix', `"${config.subnetPrefix}" is not inside addressSpace ${config.addressSpace}`);
    }
    if (config.managed) {
      if (config.managedDeviceCa === undefined)
        refuse('managedDeviceCa', 'is missing: the managed broker knows devices by the authority that signed them');
      const prefix = config.functionsSubnetPrefix;
      if (!contains(config.addressSpace, prefix))
        refuse('functionsSubnetPrefix', `"${prefix}" is not inside addressSpace ${config.addressSpace}`);
      if (contains(config.subnetPrefix, prefix) || contains(prefix, config.subnetPrefix))
        refuse('functionsSubnetPrefix', `"${prefix}" and subnetPrefix ${config.subnetPrefix} have addresses in common`);
    }
    if (config.ingestGenerationsInForce.length > 2) {
      refuse('ingestGenerationsInForce', 'has more than two: finish one rotation before you start the next');
    }
    if (!config.ingestGenerationsInForce.includes(config.ingestGeneration)) {
      const inForce = config.ingestGenerationsInForce.join(' and ');
      const remedy = `npm run ops -- rotate ingest --target ${stack} brings the next one into force and switches over`;
      refuse('ingestGeneration', `${config.ingestGeneration} is not in force on the broker (${inForce} is); ${remedy}`);
    }
    const late = config.adoption && overdue(config.adoption, new Date().toISOString().slice(0, 10));
    if (late) refuse('adoption', late);
    const tooMuch = queueProblem(config);
    if (tooMuch) refuse('queueOutageHours', `is too long: ${tooMuch}`);
    if (POOLER.test(config.databaseHost) && config.databaseProjectRef === undefined) {
      refuse('databaseProjectRef', 'is missing: the Supabase pooler finds the project by the end of the user name');
    }
  });
}

/** Why the machine cannot hold the planned queue; undefined if it can. */
function queueProblem(config: z.output<typeof keys>): string | undefined {
  try {
    const { memoryGiB } = VM_SIZES[config.vmSize];
    assertQueueFits(queueOf(config), { memoryGiB, dataDiskGb: config.dataDiskGb });
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}

function contains(outer: string, inner: string): boolean {
  const [base, length] = ipaddr.IPv4.parseCIDR(outer);
  const [address, innerLength] = ipaddr.IPv4.parseCIDR(inner);
  return innerLength >= length && address.match(base, length);
}
