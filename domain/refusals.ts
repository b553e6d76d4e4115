// What the broker's gate refuses or cannot pass on as it came, as its counters name it (provisioning/broker/gate/registry.c).

/** What each reason means to the tenant: all that the gate counts but `accepted`. */
export const REFUSALS = {
  wrong_key: 'Connections with a wrong key',
  unknown_device: 'Connections of devices that are not registered, or disabled',
  wrong_channel: 'Messages to no channel of the platform, kept as dead letters',
  oversize: 'Messages that are too large',
  foreign_topic: 'Messages to topics that are not the device’s own',
  foreign_filter: 'Subscriptions that a device may not have',
  will: 'Wills: the platform sends none',
  rate: 'Devices cut off because the tenant sends faster than its rate',
  connections: 'Connections beyond what the tenant may have',
  full: 'Messages refused because the platform’s queue was full',
  fruitless:
    'Connections that ended within seconds and brought nothing: QoS 2, a packet that is too large, or a bad network',
} as const;

/** The words for a reason; a newer gate may have one that is not known here. */
export const refusalWords = (reason: string): string =>
  (REFUSALS as Readonly<Record<string, string>>)[reason] ?? reason;

/** Where the gate tells a tenant's counters, retained. Nobody else can publish there. */
const PREFIX = '$SYS/broker/gate/tenants/';
export const REFUSALS_FILTER = `${PREFIX}+`;

/** The tenant whose counters come on a topic; undefined for any other topic. */
export const refusalsTenant = (topic: string): string | undefined =>
  topic.startsWith(PREFIX) ? topic.slice(PREFIX.length) : undefined;
