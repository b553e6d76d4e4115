// Where things are on the broker machine. The machine's programs read them from contract.json; its units and shell scripts
// write them out, and contract.test.ts compares.

/** Folders of the machine. */
export const PATHS = {
  /** All that the platform installs. */
  home: '/opt/mqtt-saas',
  /** One folder a bundle, named by its hash. */
  releases: '/opt/mqtt-saas/releases',
  /** The bundle in force: a link into `releases`. */
  current: '/opt/mqtt-saas/current',
  /** The release that was in force before: a link like `current`. */
  former: '/opt/mqtt-saas/former',
  /** What was put into force by its hash, and the pointer of then. */
  explicit: '/opt/mqtt-saas/explicit.json',
  /** Is there once the first boot has ended; until then every boot does all of it again. */
  firstBootEnded: '/opt/mqtt-saas/first-boot-ended',
  /** What the first boot brings to fetch the first bundle with. */
  bootstrap: '/opt/mqtt-saas/bootstrap',
  /** Sessions, queues and retained messages: the data disk is mounted here. */
  state: '/var/lib/mosquitto',
  /** The broker's registry file; on the data disk, so that the last good one outlives the machine. */
  accounts: '/var/lib/mosquitto/accounts',
  /** Certbot's state; on the data disk, so that a rebuilt machine serves the certificate it has. */
  acme: '/var/lib/mosquitto/letsencrypt',
  /** Secrets of the running broker; on a tmpfs. */
  secrets: '/run/mqtt-saas',
  /** Certbot's folder while it runs; on a tmpfs. */
  acmeRuntime: '/run/mqtt-saas-acme',
  /** The last secrets and certificate that were good, for a boot without the vault; root's, on the system disk. */
  lastGood: '/opt/mqtt-saas/last-good',
  /** Where the broker saves its memory to when the data disk takes nothing any more; on the system disk. */
  rescue: '/opt/mqtt-saas/rescue',
  /** Locks of root's programs; nobody else may open them. */
  locks: '/run/mqtt-saas-locks',
  /** What the machine's programs measure. */
  metrics: '/run/mqtt-saas-metrics',
  /** registry-sync's own: its figures. */
  registrySync: '/run/registry-sync',
  /** Of the packaged broker, which the platform's does not use. */
  log: '/var/log/mosquitto',
} as const;

/** Names of files in these folders. */
export const FILES = {
  /** In `state`: what Mosquitto saves. */
  database: 'mosquitto.db',
  /** In `state`: another name of the newest save that was judged whole. */
  whole: 'mosquitto.db.whole',
  /** In `state`: of the whole one before. */
  formerState: 'mosquitto.db.former',
  /** In `state`: what a start found and could not use. */
  damaged: 'mosquitto.db.damaged',
  /** In `state`: room for a save, given back when there is no other. */
  reserve: 'reserve',
  /** In `accounts`: who may connect; the gate reads it. */
  registry: 'registry',
  /** In `secrets`: the broker's certificate with its chain. */
  certificate: 'server.crt',
  /** In `secrets`: the certificate's key. */
  key: 'server.key',
  /** In `secrets`: who vouches for the certificate. */
  authority: 'ca.crt',
  /** In `secrets`: the database's address for registry-sync. */
  registryUrl: 'registry.url',
  /** In `secrets`: the line of the registry file for the machine's own account. */
  localAccount: 'local.account',
  /** In `secrets`: the key of the gate's stamps. */
  stampKey: 'stamp.key',
  /** In `secrets`: says that they are an earlier day's, because the vault was away. */
  oldSecrets: 'old-secrets',
  /** In `secrets`: a person's wish for a new certificate now. */
  renewCertificate: 'renew-certificate',
} as const;

/** Names of the bundle's rendered files. */
export const BUNDLE_FILES = {
  brokerConfig: 'mosquitto.conf',
  contract: 'contract.json',
  databaseCa: 'database-ca.crt',
  firewall: 'nftables.conf',
  gate: 'lib/gate.so',
  /** SHA-256 of each of the others, as `sha256sum` writes and checks it. */
  manifest: 'SHA256SUMS',
  /** The figures that go to Azure Monitor. */
  monitored: 'monitored.json',
  settings: 'settings.json',
  users: 'users.conf',
} as const;
