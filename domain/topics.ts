// The topic tree: tenants/<tenant>/devices/<device>/<channel>. Topics are built and read here only.
import { assertSlug, isSlug } from './identifiers.ts';

/** Channel a device reads, with anything below it. */
export const COMMAND_CHANNEL = 'commands';

const topicOf = (tenant: string, device: string, channel: string) => `tenants/${tenant}/devices/${device}/${channel}`;

/** What the ingest session subscribes to: every device's readings, and the fields published below them. */
export const TELEMETRY_FILTER = topicOf('+', '+', 'telemetry/#');
/** Where the gate delivers what a device published to no channel of the platform. */
export const NO_CHANNEL = '-';
/** Every device's messages to no channel, which ingest keeps as dead letters. */
export const NO_CHANNEL_FILTER = topicOf('+', '+', NO_CHANNEL);
/** Where ingest publishes its canary. No slug is a hyphen, so no device has this topic. */
export const CANARY_TOPIC = topicOf('-', '-', 'telemetry');
/** Where ingest tells the gate what it is done with (provisioning/broker/gate/backlog.c). The gate lets only ingest publish there. */
export const DONE_TOPIC = '$gate/done';
/** What sessions of former releases subscribed to. It overlaps {@link TELEMETRY_FILTER}: both would bring a message twice. */
export const FORMER_TELEMETRY_FILTER = topicOf('+', '+', 'telemetry');
/** Where a device reads, retained, what is desired of it. */
export const DESIRED_CHANNEL = 'desired';
/** What is desired of every device. */
export const DESIRED_FILTER = topicOf('+', '+', DESIRED_CHANNEL);
/** Where devices report their state, and acknowledge commands: the channels that ingest reads beside telemetry. */
export const REPORT_CHANNELS = ['reported', 'acks'] as const;
export type ReportChannel = (typeof REPORT_CHANNELS)[number];
export const REPORT_FILTERS = REPORT_CHANNELS.map((channel) => topicOf('+', '+', channel));
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

/** What a topic of a device says. */
export interface DeviceTopic {
  tenant: string;
  device: string;
  /** What follows the device's prefix: a channel, or whatever else was published to. */
  rest: string;
}

/** Takes a device's topic apart; undefined when it is none. */
export function parseDeviceTopic(topic: string): DeviceTopic | undefined {
  const [root, tenant, branch, device, ...rest] = topic.split('/');
  if (root !== 'tenants' || branch !== 'devices' || rest.length === 0) return undefined;
  if (!tenant || !device || !isSlug(tenant) || !isSlug(device)) return undefined;
  return { tenant, device, rest: rest.join('/') };
}

/** The telemetry topic of the device that a topic lies below; undefined when it does not begin with a device's prefix. */
export function telemetryTopicOf(topic: string): string | undefined {
  const parsed = parseDeviceTopic(topic);
  return parsed && telemetryTopic(parsed.tenant, parsed.device);
}
