// The users that the machine's services run as, so that none has another's secrets. The bundle brings them:
// prepare-broker.service makes those that are missing.

/** The broker's user is its package's; the others have fixed numbers, because the firewall knows users by number. */
export const USERS = {
  broker: { name: 'mosquitto' },
  agent: { name: 'mqtt-saas-agent', uid: 811, does: 'Registry agent of the MQTT broker' },
  acme: { name: 'mqtt-saas-acme', uid: 812, does: 'Certbot for the MQTT broker' },
  prober: { name: 'mqtt-saas-prober', uid: 813, does: 'Probe of the MQTT broker' },
} as const;

/** The text of users.conf, for systemd-sysusers: sysusers.d(5). */
export function renderUsers(): string {
  const made = Object.values(USERS).filter((user) => 'uid' in user);
  return ['# Users of the services: provisioning/machine/users.ts', ...made.map(line), ''].join('\n');
}

const line = ({ name, uid, does }: { name: string; uid: number; does: string }) => `u ${name} ${uid} "${does}"`;
