// The rooms of the house and which may use which (docs/architecture.md). `npm run check` fails on any other arrow.
const ROOMS = [
  'stacks',
  'components',
  'provisioning',
  'functions',
  'policies',
  'domain',
  'preview',
  'local',
  'ops',
  'bench',
  'apps',
];
const MAY_USE = {
  domain: [],
  provisioning: ['domain'],
  components: ['provisioning', 'domain'],
  stacks: ['components', 'provisioning', 'domain'],
  functions: ['domain'],
  policies: ['domain'],
  apps: ['domain'],
};

// A test, and what only tests use.
const tests = '\\.test\\.ts$|/testing/';

// Makes what is deployed, on whoever's machine; none of it gets to a browser.
const BUILD = '^apps/dashboard/build\\.ts$';

module.exports = {
  forbidden: [
    ...Object.entries(MAY_USE).map(([room, allowed]) => ({
      name: `${room}-uses-only-${allowed.join('-and-') || 'itself'}`,
      severity: 'error',
      from: { path: `^${room}/`, pathNot: `${tests}|${BUILD}` },
      to: { path: `^(${ROOMS.filter((other) => other !== room && !allowed.includes(other)).join('|')})/` },
    })),
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
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'only-config-reads-configuration',
      comment: 'stacks/config.ts is the only reader of pulumi.Config; every other room takes typed arguments',
      severity: 'error',
      from: { path: '^(components|provisioning)/' },
      to: { path: 'stacks/config' },
    },
    {
      name: 'not-to-dev-dep-from-functions',
      severity: 'error',
      from: { path: '^functions/', pathNot: tests },
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
