// What a month of a plan costs by list prices: its resources, and what a load makes of the Function App and the database.
import { readFileSync } from 'node:fs';
import type { Plan, PlanEntry } from '../../preview/plan.ts';
import { count } from '../../preview/render/style.ts';
import { READING_BYTES, rowBytes } from '../scale/demand.ts';

interface Prices {
  currency: string;
  read: string;
  region: string;
  hoursPerMonth: number;
  machinePerHour: Record<string, number | string>;
  diskPerGib: { tiersGib: number[] } & Record<string, number | number[] | string>;
  addressPerHour: { price: number };
  metricAlertPerSeries: { price: number };
  logAlertByMinutes: Record<string, number | string>;
  webTestPerRun: { price: number };
  logPerGb: { price: number; freeGbPerMonth: number };
  functions: { perGbSecond: number; freeGbSeconds: number; perMillionRuns: number; freeRuns: number };
  vaultPer10000: { price: number };
  blobPerGb: { price: number };
  natGateway: { perHour: number; perGb: number };
  privateEndpoint: { perHour: number; perGb: number };
  privateZonePerMonth: { price: number };
  eventHubs: { perUnitHour: number; perMillionEvents: number };
  eventGrid: {
    perUnitHour: number;
    perMillionMqtt: number;
    freeMqtt: number;
    perMillionEvents: number;
    freeEvents: number;
  };
  supabase: Record<'free' | 'pro', { price: number; databaseMb: number }> & {
    perGbMore: number;
    computeCredit: number;
    computePerMonth: Record<string, number>;
  };
}

/** List prices, with where each was found and when. */
export const PRICES: Prices = JSON.parse(readFileSync(new URL('prices.json', import.meta.url), 'utf8'));

/** What the environment has to do. */
export interface Load {
  /** Messages of one reading, 0 or more. */
  messagesPerSecond: number;
  /** Seconds that a run of ingest takes in addition to storing: connecting, and waiting until nothing more comes. */
  runSeconds: number;
  /** Seconds that the run of all other jobs takes: alerts, notifications, roll-ups, use, retention, commands. */
  jobSeconds: number;
  /** Seconds between two scrapes of the metrics; undefined: nobody scrapes. */
  scrapeEvery?: number;
}

/** What a load is taken for unless somebody says otherwise. */
export const USUAL: Load = { messagesPerSecond: 1, runSeconds: 3, jobSeconds: 2 };

/** A line of the bill. `usd`: a month. */
export interface Item {
  what: string;
  detail: string;
  usd: number;
}

/** A month. `unpriced`: types that the bill knows nothing of. */
export interface Bill {
  items: Item[];
  usd: number;
  /** Of the plan's budget, in the currency of the subscription's bill; undefined: the plan has none. */
  budget?: number;
  unpriced: string[];
}

/** Functions that run every minute, as functions/triggers says. The first is ingest. */
export const MINUTE_TIMERS = ['mqtt_ingest', 'every_minute'];
const MINUTES_PER_MONTH = PRICES.hoursPerMonth * 60;
/** What a run of ingest stores in a second on an instance of 512 MB. An estimate, well below what `bench -- ingest` measures. */
export const STORED_PER_SECOND = 1000;
/** What the machine and the app read from the vault in a month: an estimate, mostly certificate-issue's look every 15 minutes. */
const VAULT_READS = 10_000;
const DAYS_PER_MONTH = PRICES.hoursPerMonth / 24;

/** Bytes of a message in the hub: a simulated device's reading in base64, with Event Grid's envelope. An estimate. */
const HUB_BYTES = 1000;

type Inputs = PlanEntry['inputs'];
type Pricing = (inputs: Inputs, load: Load, plan: Plan) => Item[];

/** The types that cost something. */
const PRICINGS: Record<string, Pricing> = {
  'azure-native:compute:VirtualMachine': (inputs) => {
    const size = String(at(inputs, 'hardwareProfile.vmSize'));
    return [
      perHour('broker machine', size, priceOf(PRICES.machinePerHour, size)),
      disk(
        'its disk',
        at(inputs, 'storageProfile.osDisk.managedDisk.storageAccountType'),
        at(inputs, 'storageProfile.osDisk.diskSizeGB'),
      ),
    ];
  },
  'azure-native:compute:Disk': (inputs) => [disk('data disk', at(inputs, 'sku.name'), at(inputs, 'diskSizeGB'))],
  'azure-native:network:PublicIPAddress': (inputs) =>
    at(inputs, 'publicIPAddressVersion') === 'IPv6'
      ? []
      : [perHour('public address', 'IPv4', PRICES.addressPerHour.price)],
  'azure-native:network:NatGateway': () => [
    perHour('NAT gateway', 'its traffic not counted', PRICES.natGateway.perHour),
  ],
  'azure-native:network:PrivateEndpoint': (_, load) => {
    const { perHour: hour, perGb } = PRICES.privateEndpoint;
    const gb = (messagesAMonth(load) * HUB_BYTES) / 1e9;
    const item = perHour('private endpoint', `${gb.toFixed(1)} GB`, hour);
    return [{ ...item, usd: item.usd + gb * perGb }];
  },
  'azure-native:privatedns:PrivateZone': () => [
    { what: 'private DNS zone', detail: '', usd: PRICES.privateZonePerMonth.price },
  ],
  'azure-native:eventgrid:Namespace': (inputs, load) => {
    const units = Number(at(inputs, 'sku.capacity'));
    const { perUnitHour, perMillionMqtt, freeMqtt, perMillionEvents, freeEvents } = PRICES.eventGrid;
    const messages = messagesAMonth(load);
    // A message is one operation of MQTT, and is an event twice: taken by the topic, delivered to the hub.
    const mqtt = millions(messages - freeMqtt) * perMillionMqtt;
    const events = millions(2 * messages - freeEvents) * perMillionEvents;
    return [
      perHour('managed broker', count(units, 'throughput unit'), units * perUnitHour),
      { what: 'managed broker', detail: 'messages', usd: mqtt + events },
    ];
  },
  'azure-native:eventhub:Namespace': (inputs, load) => {
    const [least, most] = [Number(at(inputs, 'sku.capacity')), Number(at(inputs, 'maximumThroughputUnits'))];
    const { perUnitHour, perMillionEvents } = PRICES.eventHubs;
    const events = millions(messagesAMonth(load)) * perMillionEvents;
    const item = perHour('event hub', `${least} to ${most} units: at least`, least * perUnitHour);
    return [{ ...item, usd: item.usd + events }];
  },
  'azure-native:monitor:MetricAlert': (inputs) => {
    // One on a web test names no metric; it looks at one.
    const series =
      'allOf' in (inputs.criteria as Inputs) ? lengthAt(inputs, 'criteria.allOf') * lengthAt(inputs, 'scopes') : 1;
    return [{ what: 'metric alerts', detail: '', usd: series * PRICES.metricAlertPerSeries.price }];
  },
  'azure-native:monitor:ScheduledQueryRule': (inputs) => {
    const minutes = /^PT(\d+)M$/.exec(String(at(inputs, 'evaluationFrequency')))?.[1] ?? 'an unknown interval';
    const usd = priceOf(PRICES.logAlertByMinutes, minutes);
    return [{ what: 'log alerts', detail: `every ${minutes} minutes`, usd }];
  },
  'azure-native:applicationinsights:WebTest': (inputs) => [
    {
      what: 'web test',
      detail: `every ${Number(at(inputs, 'frequency')) / 60} minutes`,
      usd: runsOfTest(inputs) * PRICES.webTestPerRun.price,
    },
  ],
  'azure-native:operationalinsights:Workspace': (inputs) => {
    const gb = Number(at(inputs, 'workspaceCapping.dailyQuotaGb')) * DAYS_PER_MONTH;
    const usd = Math.max(0, gb - PRICES.logPerGb.freeGbPerMonth) * PRICES.logPerGb.price;
    return [{ what: 'log', detail: `${gb.toFixed(1)} GB at most`, usd }];
  },
  'azure-native:keyvault:Vault': () => [
    { what: 'vault', detail: `about ${VAULT_READS} reads`, usd: (VAULT_READS / 10_000) * PRICES.vaultPer10000.price },
  ],
  'azure-native:web:WebAppApplicationSettings': (inputs) => {
    const usd = Number(at(inputs, 'properties.QUESTIONS_PLATFORM_USD_MONTH') ?? 0);
    return usd > 0 ? [{ what: 'questions', detail: 'the cap: at most', usd }] : [];
  },
  'azure-native:web:WebApp': (inputs, load, plan) => [
    runsOf(Number(at(inputs, 'functionAppConfig.scaleAndConcurrency.instanceMemoryMB')) / 1024, load, probesIn(plan)),
  ],
};

/** Types without a price of their own. Storage has one, but is cents here: a hundred million archived readings are 4 GB. `ops db size` says what the archive costs. */
const FREE = [
  /^azure-native:applicationinsights:(Component|Workbook)$/,
  /^azure-native:authorization:/,
  /^azure-native:compute:VirtualMachineRunCommandByVirtualMachine$/,
  /^azure-native:eventgrid:(CaCertificate|NamespaceTopic|NamespaceTopicEventSubscription|PermissionBinding|TopicSpace)$/,
  /^azure-native:eventhub:(ConsumerGroup|EventHub|NamespaceNetworkRuleSet)$/,
  /^azure-native:consumption:Budget$/,
  /^azure-native:keyvault:Secret$/,
  /^azure-native:managedidentity:/,
  /^azure-native:monitor:(ActionGroup|ActivityLogAlert|DiagnosticSetting)$/,
  /^azure-native:network:(NetworkInterface|NetworkSecurityGroup|PrivateDnsZoneGroup|SecurityRule|Subnet|VirtualNetwork)$/,
  /^azure-native:privatedns:VirtualNetworkLink$/,
  /^azure-native:resources:ResourceGroup$/,
  /^azure-native:storage:/,
  /^azure-native:web:(AppServicePlan|WebAppFtpAllowed|WebAppScmAllowed)$/,
  /^cloudflare:/,
  /^(command|mqtt-saas|pulumi|random|tls):/,
];

/** @throws Error that names a size or a kind of disk without a price. */
export function makeBill(plan: Plan, load: Load): Bill {
  const items = new Map<string, Item>();
  for (const { type, inputs } of plan) {
    for (const { what, detail, usd } of PRICINGS[type]?.(inputs as Inputs, load, plan) ?? []) {
      const key = `${what} ${detail}`;
      items.set(key, { what, detail, usd: usd + (items.get(key)?.usd ?? 0) });
    }
  }
  const all = [...items.values()].sort((a, b) => b.usd - a.usd);
  const budget = plan.find(({ type }) => type === 'azure-native:consumption:Budget')?.inputs.amount as
    | number
    | undefined;
  return {
    items: all,
    usd: all.reduce((sum, { usd }) => sum + usd, 0),
    ...(budget === undefined ? {} : { budget }),
    unpriced: [...new Set(plan.filter(isUnpriced).map(({ type }) => type))].sort(),
  };
}

/** Days until a database of `databaseMb` megabytes is full. */
export const daysUntilFull = (databaseMb: number, messagesPerSecond: number): number =>
  (databaseMb * 1e6) / (rowBytes(READING_BYTES) * messagesPerSecond * 86_400);

const isUnpriced = ({ type }: PlanEntry) => !PRICINGS[type] && !FREE.some((free) => free.test(type));

/** What a month of the Function App costs. @param gib memory of its instance. @param probes requests of the health page that the plan makes in a month. */
export function runsOf(
  gib: number,
  { messagesPerSecond, runSeconds, jobSeconds, scrapeEvery }: Load,
  probes: number,
): Item {
  const ingest = Math.min(60, runSeconds + (messagesPerSecond * 60) / STORED_PER_SECOND);
  const requests = probes + (scrapeEvery === undefined ? 0 : (MINUTES_PER_MONTH * 60) / scrapeEvery);
  // A run, and a request, is billed as at least a second.
  const seconds = MINUTES_PER_MONTH * (Math.max(1, ingest) + Math.max(1, jobSeconds)) + requests;
  const runs = MINUTES_PER_MONTH * MINUTE_TIMERS.length + requests;
  const { perGbSecond, freeGbSeconds, perMillionRuns, freeRuns } = PRICES.functions;
  const usd =
    Math.max(0, seconds * gib - freeGbSeconds) * perGbSecond + (Math.max(0, runs - freeRuns) / 1e6) * perMillionRuns;
  return { what: 'Function App', detail: `${Math.round((seconds * gib) / 1000)},000 GB-s`, usd };
}

const probesIn = (plan: Plan) =>
  plan
    .filter(({ type }) => type === 'azure-native:applicationinsights:WebTest')
    .reduce((sum, { inputs }) => sum + runsOfTest(inputs as Inputs), 0);

const runsOfTest = (inputs: Inputs) =>
  (lengthAt(inputs, 'locations') * MINUTES_PER_MONTH * 60) / Number(at(inputs, 'frequency'));

const messagesAMonth = ({ messagesPerSecond }: Load) => messagesPerSecond * MINUTES_PER_MONTH * 60;
const millions = (amount: number) => Math.max(0, amount) / 1e6;

const perHour = (what: string, detail: string, price: number): Item => ({
  what,
  detail,
  usd: price * PRICES.hoursPerMonth,
});

/** A property of a resource by its path, such as `sku.name`. */
const at = (inputs: Inputs, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Inputs | undefined)?.[name], inputs);

const lengthAt = (inputs: Inputs, path: string) => (at(inputs, path) as unknown[]).length;

/** @param kind such as `StandardSSD_LRS`. @throws Error when it has no price. */
export function disk(what: string, kind: unknown, gib: unknown): Item {
  const tier = PRICES.diskPerGib.tiersGib.find((size) => size >= Number(gib));
  if (tier === undefined) throw new Error(`ops/cost/prices.json: no price of a disk of ${gib} GiB`);
  return { what, detail: `${kind}, ${gib} GiB`, usd: tier * priceOf(PRICES.diskPerGib, String(kind)) };
}

function priceOf(prices: Record<string, unknown>, name: string): number {
  const price = prices[name];
  if (typeof price !== 'number') throw new Error(`ops/cost/prices.json: no price of ${name}; add it, with its source`);
  return price;
}
