// The users that the machine's services run as, so that none has another's secrets. The bundle brings them:
// prepare-broker.service makes those that are missing.

/** The broker's user is its package's; the others have fixed numbers, because the firewall knows users by number. */
export const USERS = {
  broker: { name: 'mosquitto' },
  agent: { name: 'mqtt-saas-agent', uid: 811 },
  acme: { name: 'mqtt-saas-acme', uid: 812 },
  prober: { name: 'mqtt-saas-prober', uid: 813 },
  caller: { name: 'mqtt-saas-caller', uid: 814 },
} as const;

/** The text of users.conf, for systemd-sysusers: sysusers.d(5). */
export function renderUsers(): string {
  const made = Object.values(USERS).filter((user) => 'uid' in user);
  return ['# Users of the services: provisioning/machine/users.ts', ...made.map(line), ''].join('\n');
}

const line = ({ name, uid }: { name: string; uid: number }) => `u ${name} ${uid} "Of the MQTT broker's services"`;
