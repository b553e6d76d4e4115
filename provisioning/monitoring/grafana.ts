// A Grafana dashboard of the platform's metrics, as JSON for "Import". It asks for a Prometheus data source when it is imported.

interface Panel {
  title: string;
  /** PromQL by legend. */
  queries: Record<string, string>;
  unit?: 'bytes' | 's' | 'percent' | 'dateTimeFromNow';
  /** One number instead of a curve. */
  stat?: true;
}

/** From left to right and top to bottom, by rows of the dashboard. */
const PANELS: Record<string, Panel[]> = {
  'Is it well?': [
    { title: 'Alerts', queries: { '{{alertname}}': 'ALERTS{alertstate="firing", alertname!="watchdog"}' } },
    {
      title: 'Database, broker, control loop',
      queries: {
        database: 'mqtt_saas_db_up',
        broker: 'mqtt_saas_mqtt_up',
        control: 'mqtt_saas_control_loop_ok',
      },
    },
    {
      title: 'Certificate ends',
      stat: true,
      unit: 'dateTimeFromNow',
      queries: { '': 'mqtt_saas_certificate_not_after_seconds * 1000' },
    },
    {
      title: 'Last backup',
      stat: true,
      unit: 'dateTimeFromNow',
      queries: { '': 'mqtt_saas_backup_last_success_timestamp_seconds * 1000' },
    },
  ],
  Ingest: [
    { title: 'Readings a second, by outcome', queries: { '{{outcome}}': 'rate(mqtt_saas_readings_total[5m])' } },
    {
      title: 'Behind',
      unit: 's',
      queries: {
        'last run': 'mqtt_saas_ingest_last_run_age_seconds',
        'newest message': 'mqtt_saas_ingest_lag_seconds',
      },
    },
    {
      title: 'Queue on the broker',
      unit: 'percent',
      queries: {
        messages: '100 * mqtt_saas_broker_queue_messages / mqtt_saas_broker_queue_most_messages',
        bytes: '100 * mqtt_saas_broker_queue_bytes / mqtt_saas_broker_queue_most_bytes',
      },
    },
    { title: 'Dead letters', queries: { kept: 'mqtt_saas_dead_letters' } },
  ],
  'Devices and people': [
    { title: 'Devices', queries: { 'may connect': 'mqtt_saas_devices', offline: 'mqtt_saas_offline_devices' } },
    { title: 'Refused at the broker, a second', queries: { refused: 'rate(mqtt_saas_refusals_total[5m])' } },
    { title: 'Commands', queries: { waiting: 'mqtt_saas_commands_waiting', expired: 'mqtt_saas_commands_expired' } },
    {
      title: 'Notifications',
      queries: {
        waiting: 'mqtt_saas_notifications_waiting',
        'sent a minute': '60 * rate(mqtt_saas_notifications_sent_total[5m])',
        'given up a minute': '60 * rate(mqtt_saas_notifications_failed_total[5m])',
      },
    },
  ],
  'Room and jobs': [
    {
      title: 'Database',
      unit: 'bytes',
      queries: { size: 'mqtt_saas_database_size_bytes', full: 'mqtt_saas_database_limit_bytes' },
    },
    {
      title: 'Free on the machine',
      unit: 'bytes',
      queries: {
        'system disk': 'mqtt_saas_watch_system_disk_free_bytes',
        'data disk': 'mqtt_saas_watch_data_disk_free_bytes',
      },
    },
    {
      title: 'Jobs, since their last success',
      unit: 's',
      queries: { '{{job}}': 'mqtt_saas_job_last_success_age_seconds' },
    },
    { title: 'Memory of the answering process', unit: 'bytes', queries: { '': 'process_resident_memory_bytes' } },
  ],
};

/** Grafana's grid has 24 columns. */
const WIDTH = 24;
const HEIGHT = 8;
const SOURCE = { type: 'prometheus', uid: '$' + '{DS_PROMETHEUS}' };

/** The dashboard's JSON. */
export function renderGrafana(): string {
  let id = 0;
  const panels = Object.entries(PANELS).flatMap(([row, own], index) => {
    const y = index * (HEIGHT + 1);
    const width = WIDTH / own.length;
    id += 1;
    const title = { id, type: 'row', title: row, collapsed: false, gridPos: { x: 0, y, w: WIDTH, h: 1 }, panels: [] };
    return [
      title,
      ...own.map(({ title, queries, unit, stat }, place) => {
        id += 1;
        return {
          id,
          type: stat ? 'stat' : 'timeseries',
          title,
          datasource: SOURCE,
          gridPos: { x: place * width, y: y + 1, w: width, h: HEIGHT },
          fieldConfig: {
            defaults: { unit: unit ?? 'short', min: unit === 'dateTimeFromNow' ? undefined : 0 },
            overrides: [],
          },
          targets: Object.entries(queries).map(([legendFormat, expr], position) => ({
            refId: String.fromCharCode(65 + position),
            datasource: SOURCE,
            expr,
            legendFormat,
          })),
        };
      }),
    ];
  });
  const dashboard = {
    __inputs: [
      {
        name: 'DS_PROMETHEUS',
        label: 'Prometheus',
        type: 'datasource',
        pluginId: 'prometheus',
        pluginName: 'Prometheus',
      },
    ],
    uid: 'mqtt-saas',
    title: 'MQTT platform',
    schemaVersion: 39,
    editable: true,
    time: { from: 'now-6h', to: 'now' },
    refresh: '1m',
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
