// The machine's figures that Azure Monitor is told of, once a minute, as custom metrics of the machine. Alerts name them, and
// docs/machine.md says what each means. Few, because an alert pays for each series that it looks at; none has a dimension.

/** Custom metrics have a namespace of their own, beside the platform metrics of `Microsoft.Compute/virtualMachines`. */
export const METRIC_NAMESPACE = 'MqttSaas';

/** What a metric is made of: figures of the machine, by their whole names. */
type MadeOf =
  /** Its value. */
  | { figure: string }
  /** Seconds that have passed since this time. */
  | { since: string }
  /** Days until this time. */
  | { daysUntil: string }
  /** How much of a whole this part is, in percent. */
  | { part: string; whole: string };

/** The metrics by name. One whose figure is missing is not sent, so that an alert notices. */
export const MONITORED = {
  BrokerUp: { figure: 'mqtt_saas_watch_up' },
  BrokerAnsweredAgeSeconds: { since: 'mqtt_saas_watch_answered_timestamp_seconds' },
  PersonNeeded: { figure: 'mqtt_saas_watch_needs_person' },
  FailedUnits: { figure: 'mqtt_saas_watch_failed_units' },
  Connections: { figure: 'mqtt_saas_watch_connections' },
  MemoryAvailableBytes: { figure: 'mqtt_saas_watch_memory_available_bytes' },
  SystemDiskFreeBytes: { figure: 'mqtt_saas_watch_system_disk_free_bytes' },
  DataDiskFreeBytes: { figure: 'mqtt_saas_watch_data_disk_free_bytes' },
  QueueMessagesPercent: { part: 'mqtt_saas_broker_queue_messages', whole: 'mqtt_saas_broker_queue_most_messages' },
  QueueBytesPercent: { part: 'mqtt_saas_broker_queue_bytes', whole: 'mqtt_saas_broker_queue_most_bytes' },
  MessagesRefused: { figure: 'mqtt_saas_broker_queue_refused' },
  StateAgeSeconds: { since: 'mqtt_saas_broker_state_saved_timestamp_seconds' },
  StateCopyAgeSeconds: { since: 'mqtt_saas_broker_backup_timestamp_seconds' },
  CertificateDaysLeft: { daysUntil: 'mqtt_saas_certificate_not_after_seconds' },
  RegistryAgeSeconds: { since: 'mqtt_saas_registry_read_timestamp_seconds' },
  IngestTimerAgeSeconds: { figure: 'mqtt_saas_registry_timer_age_seconds{name="mqtt_ingest"}' },
  EveryMinuteTimerAgeSeconds: { figure: 'mqtt_saas_registry_timer_age_seconds{name="every_minute"}' },
  PackagesBelowFloor: { figure: 'mqtt_saas_machine_package_below_floor_count' },
} as const satisfies Record<string, MadeOf>;

/** The text of monitored.json, for send-figures. */
export const renderMonitored = (): string =>
  `${JSON.stringify({ namespace: METRIC_NAMESPACE, metrics: MONITORED }, null, 2)}\n`;
