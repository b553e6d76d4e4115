// What a device may publish and subscribe on the managed broker, as Event Grid's topic templates. Its attributes `tenant` and `device` are
// set where it is registered, so no device can choose another's.
import { COMMAND_CHANNEL, DESIRED_CHANNEL, REPORT_CHANNELS } from './topics.ts';

/** The members that the broker adds to what it routes: who published, by the name of the device's account, and to which topic. */
export const CLIENT_MEMBER = 'client';
export const TOPIC_MEMBER = 'mqtttopic';

const own = (rest: string) => `tenants/\${client.attributes.tenant}/devices/\${client.attributes.device}/${rest}`;

/** Readings, and fields below them; its state, and acknowledgements of commands. */
export const PUBLISH_TEMPLATES = [own('telemetry/#'), ...REPORT_CHANNELS.map(own)];
/** Its commands, and what is desired of it. */
export const SUBSCRIBE_TEMPLATES = [own(`${COMMAND_CHANNEL}/#`), own(DESIRED_CHANNEL)];
