// The managed profile: Azure's own broker and stream, beside the machine.
import { certificate, flag, privateRange, wholeNumber } from '../fields.ts';
import { key } from './key.ts';

/** The keys, each with its rule, default and description. */
export const managedKeys = {
  managed: key(flag.default(false), {
    description:
      'Experimental. Make the managed profile, too: an Event Grid namespace as MQTT broker, and an Event Hub behind it. [What it is, what is missing, and its price](../managed.md).',
    example: 'true',
  }),
  managedDeviceCa: key(certificate.optional(), {
    description:
      'Certificate of the authority that signs devices’ certificates for the managed broker, PEM. Its key stays with you. Required with `managed`.',
    example: '"$(cat device-ca.crt)"',
  }),
  managedThroughputUnits: key(wholeNumber(1, 10).default(1), {
    description:
      'Throughput units of the managed broker and, to begin with, of its hub, 1 to 10. Each is 1,000 messages and 1 MB a second, 10,000 devices, and 200 connections a second.',
    example: '2',
  }),
  functionsSubnetPrefix: key(privateRange(8, 27).default('10.20.0.64/26'), {
    description:
      'Private IPv4 range of the Function App’s subnet, inside `addressSpace`, apart from `subnetPrefix`, `/27` or larger. Used with `managed`.',
    example: '10.20.0.64/26',
  }),
};
