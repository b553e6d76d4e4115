// Where things are on the broker machine. The scripts of the bundle know the same places.

/** Folders of the machine. */
export const PATHS = {
  /** The bundle in force: a link into `releases/`. */
  current: '/opt/mqtt-saas/current',
  /** What the first boot brings to fetch the first bundle with. */
  bootstrap: '/opt/mqtt-saas/bootstrap',
  /** Sessions, queues and retained messages: the data disk is mounted here. */
  state: '/var/lib/mosquitto',
  /** The broker's password and ACL files; on the data disk, so that the last good ones outlive the machine. */
  accounts: '/var/lib/mosquitto/accounts',
  /** Secrets of the running broker; on a tmpfs. */
  secrets: '/run/mqtt-saas',
} as const;
