// The rooms of the house and which may use which (docs/architecture.md). `npm run check` fails on any other arrow.
const ROOMS = [
  'stacks',
  'components',
  'provisioning',
  'functions',
  'policies',
  'domain',
  'preview',
  'lab',
  'local',
  'ops',
  'bench',
  'apps',
  'tests',
  'bootstrap',
];
const MAY_USE = {
  domain: [],
  provisioning: ['domain'],
  components: ['provisioning', 'domain'],
  stacks: ['components', 'provisioning', 'domain'],
  functions: ['domain'],
  policies: ['domain'],
  apps: ['domain'],
  lab: ['functions', 'provisioning', 'domain', 'bootstrap'],
  preview: ['bootstrap'],
  local: ['lab', 'apps', 'functions', 'provisioning', 'domain', 'bootstrap'],
  ops: [
    'local',
    'lab',
    'preview',
    'policies',
    'apps',
    'stacks',
    'components',
    'functions',
    'provisioning',
    'domain',
    'bootstrap',
  ],
  bootstrap: [],
};

// The rooms of the Function App. A job never uses another one: the table in periodic/ and the worker compose them, a trigger starts one.
const TOOLS_OF_FUNCTIONS = {
  runtime: [],
  source: ['runtime'],
  kafka: ['source', 'runtime'],
  broker: ['source', 'runtime'],
  jetstream: ['source', 'runtime'],
  database: ['runtime'],
  settings: ['broker', 'kafka', 'jetstream', 'database', 'runtime'],
};
const JOBS = [
  'ingest',
  'alerts',
  'notify',
  'rollup',
  'control',
  'deletion',
  'health',
  'retention',
  'usage',
  'questions',
];
const ROOMS_OF_FUNCTIONS = [...Object.keys(TOOLS_OF_FUNCTIONS), ...JOBS, 'periodic', 'worker', 'triggers'];
const MAY_USE_IN_FUNCTIONS = {
  ...TOOLS_OF_FUNCTIONS,
  ...Object.fromEntries(JOBS.map((job) => [job, Object.keys(TOOLS_OF_FUNCTIONS)])),
  periodic: [...Object.keys(TOOLS_OF_FUNCTIONS), ...JOBS],
  worker: [...Object.keys(TOOLS_OF_FUNCTIONS), ...JOBS, 'periodic'],
  triggers: ['runtime', 'settings', ...JOBS, 'periodic'],
};

// A test, and what only tests use.
const tests = '\\.test\\.ts$|/testing/';

// Makes what is deployed, on any machine; none of it gets to a browser.
const BUILD = '^apps/dashboard/build\\.ts$';

module.exports = {
  forbidden: [
    ...Object.entries(MAY_USE).map(([room, allowed]) => ({
      name: `what-${room}-may-use`,
      comment: `only ${allowed.join(', ') || 'itself'}: docs/architecture.md`,
      severity: 'error',
      from: { path: `^${room}/`, pathNot: `${tests}|${BUILD}` },
      to: { path: `^(${ROOMS.filter((other) => other !== room && !allowed.includes(other)).join('|')})/` },
    })),
    ...Object.entries(MAY_USE_IN_FUNCTIONS).map(([room, allowed]) => ({
      name: `what-functions/${room}-may-use`,
      comment: 'jobs of the Function App stand apart; functions/worker runs them together',
      severity: 'error',
      from: { path: `^functions/${room}/`, pathNot: tests },
      to: {
        path: `^functions/(${ROOMS_OF_FUNCTIONS.filter((other) => other !== room && !allowed.includes(other)).join('|')})/`,
      },
    })),
    {
      name: 'one-door-to-the-broker',
      comment: 'functions/broker/index.ts is what others may use of the MQTT client; settings read an address only',
      severity: 'error',
      from: { pathNot: `^functions/broker/|^functions/settings/broker\\.ts$|${tests}` },
      to: { path: '^functions/broker/(?!index\\.ts$)' },
    },
    {
      name: 'domain-is-pure',
      comment: "domain holds the product's words: no I/O, no cloud SDK; node:crypto and node:net are pure enough",
      severity: 'error',
      from: { path: '^domain/', pathNot: tests },
      to: { path: '^(node:)?(fs|fs/promises|http|https|tls|child_process|dgram)$|@pulumi|node_modules/pg/' },
    },
    {
      name: 'broker-knows-no-machine',
      comment:
        'the machine installs and configures the broker: provisioning/machine uses provisioning/broker, never the reverse',
      severity: 'error',
      from: { path: '^provisioning/broker/' },
      to: { path: '^provisioning/machine/' },
    },
    {
      name: 'lab-is-for-tests-benches-and-local',
      comment:
        'no product code needs the laboratory; ops/verify makes a CA with it, to see that a broker of another one is refused; so do a Compose project and the secrets of Kubernetes; and a drill restores into a scratch Postgres',
      severity: 'error',
      from: {
        pathNot: `^(lab|local|tests|bench)/|^ops/(verify/transport|backup/drill|compose/keys|kubernetes/secrets)\\.ts$|${tests}`,
      },
      to: { path: '^lab/' },
    },
    {
      name: 'local-is-for-tests-and-benches',
      comment:
        'of local/, ops/ uses what tells it of a running platform, and on premises its API stands for the auth service',
      severity: 'error',
      from: { pathNot: `^(local|tests|bench)/|^ops/((target|rotate)/local|prepare-database)\\.ts$|${tests}` },
      to: { path: '^local/' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'only-ops-target-finds-platforms',
      comment: 'which platform a command works on is answered once: ops/target reads local instances and stack outputs',
      severity: 'error',
      from: { pathNot: `^(local|tests|ops/target)/|${tests}` },
      to: { path: '^(local/instance|ops/target/(local|stack))\\.ts$' },
    },
    {
      name: 'not-to-dev-dep',
      comment:
        'npm start, verify and ops install no development packages; the files left out call ensurePackages before, or npm installs all for them',
      severity: 'error',
      from: {
        path: '^(functions|local|lab|domain|ops)/',
        pathNot: `^ops/(adopt/|lint-env/|store|archive/parquet)|${tests}`,
      },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.local|apps/[^/]+/(\\.next|out))/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
