// The topic tree: tenants/<tenant>/devices/<device>/<channel>. Topics are built and read here only.
import { assertSlug, isSlug } from './identifiers.ts';

/** Channels a device publishes: readings, and the state it reports. */
export const PUBLISHED_CHANNELS = ['telemetry', 'state'] as const;
/** Channel a device reads, with anything below it. */
export const COMMAND_CHANNEL = 'commands';

const topicOf = (tenant: string, device: string, channel: string) => `tenants/${tenant}/devices/${device}/${channel}`;

/** What the ingest session subscribes to: every device's readings. */
export const TELEMETRY_FILTER = topicOf('+', '+', 'telemetry');
/** The state that every device reports. */
export const STATE_FILTER = topicOf('+', '+', 'state');
/** Commands to every device. */
export const COMMANDS_FILTER = topicOf('+', '+', `${COMMAND_CHANNEL}/#`);

/** The form of a telemetry topic, as shown to people. */
export const TELEMETRY_FORM = topicOf('<tenant>', '<device>', 'telemetry');

/** The prefix of a tenant's topics, without a trailing slash. */
export function tenantPrefix(tenant: string): string {
  return `tenants/${assertSlug(tenant, 'tenant')}`;
}

/** A device's own prefix, without a trailing slash. */
export function devicePrefix(tenant: string, device: string): string {
  return `${tenantPrefix(tenant)}/devices/${assertSlug(device, 'device')}`;
}

/** The topic to which a device publishes its readings. */
export function telemetryTopic(tenant: string, device: string): string {
  return `${devicePrefix(tenant, device)}/telemetry`;
}

/** The tenant and device a telemetry topic belongs to, or undefined when it is not a telemetry topic. */
export function parseTelemetryTopic(topic: string): { tenant: string; device: string } | undefined {
  const [root, tenant, branch, device, channel, ...rest] = topic.split('/');
  if (root !== 'tenants' || branch !== 'devices' || channel !== 'telemetry' || rest.length > 0) return undefined;
  if (!tenant || !device || !isSlug(tenant) || !isSlug(device)) return undefined;
  return { tenant, device };
}
