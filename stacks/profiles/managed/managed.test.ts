// The managed profile as it would be deployed: what a device may do, who may read, and which mutation the policies refuse.
import { beforeAll, describe, expect, it } from 'vitest';
import { RULES } from '../../../policies/pack.ts';
import type { Resource } from '../../../policies/resource.ts';
import { withProperty } from '../../../policies/testing/plan.ts';
import { resourcesOf } from '../../../policies/testing/snapshot.ts';
import { judge } from '../../../policies/testing/specimen.ts';
import type { Plan } from '../../../preview/plan.ts';
import { all, type Inputs, judged, named, nameOfUrn, one, planOf, withManaged } from '../../testing/plan.ts';

let plan: Plan;
let violations: unknown[] | undefined;
beforeAll(async () => {
  const preview = await judged('dev', withManaged);
  plan = preview.plan;
  violations = preview.policies?.violations;
});

it('is off by default', async () => {
  expect((await planOf('dev')).filter(({ type }) => /:event(grid|hub):|privatedns/.test(type))).toEqual([]);
});

it('is accepted by the policies', () => expect(violations).toEqual([]));

describe('of a mutation', () => {
  const OWNER = '/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
  const refusedBy = (policy: string, resources: Resource[]) =>
    judge(RULES.find(({ name }) => name === policy)!, resources);

  it.each([
    ['messaging-hub-roles-only', 'managed-hub-namespace', 'disableLocalAuth', false],
    ['messaging-hub-closed-network', 'managed-hub-namespace', 'publicNetworkAccess', 'Enabled'],
    ['messaging-hub-strong-tls', 'managed-hub-namespace', 'minimumTlsVersion', '1.0'],
    ['messaging-mqtt-strong-tls', 'managed-mqtt-namespace', 'minimumTlsVersionAllowed', undefined],
    ['messaging-mqtt-own-topics', 'managed-mqtt-device-publishes', 'topicTemplates', ['tenants/#']],
    [
      'messaging-mqtt-own-topics',
      'managed-mqtt-device-subscribes',
      'topicTemplates',
      ['tenants/+/devices/+/commands/#'],
    ],
    ['identity-least-privilege', 'managed-access-mqtt-sends-to-hub', 'roleDefinitionId', OWNER],
    ['network-public-address-fixed', 'managed-way-address', 'publicIPAllocationMethod', 'Dynamic'],
    ['storage-no-public-blobs', 'managed-undelivered-account', 'allowBlobPublicAccess', true],
    ['governance-diagnostics', 'diagnostics-mqtt', 'logs', []],
    ['governance-diagnostics', 'diagnostics-hub', 'logs', []],
    ['governance-alerts', 'alerts-managed-not-routed', 'enabled', false],
    ['governance-required-tags', 'managed-way-endpoint', 'tags', undefined],
  ])('%s refuses %s with %s: %j', (policy, name, property, value) => {
    const resources = resourcesOf(plan);
    const index = resources.findIndex((each) => each.name === name);
    const mutated = withProperty({ props: resources[index]!.props }, `props.${property}`, value).props;
    expect(refusedBy(policy, resources)).toEqual([]);
    expect(refusedBy(policy, resources.with(index, { ...resources[index]!, props: mutated }))).not.toEqual([]);
  });
});

describe('a device', () => {
  /** Event Grid's rule: a variable is the client's own value, `#` is the rest, the other segments are equal. */
  const matches = (template: string, topic: string, client: Record<string, string>) => {
    const segments = template.replaceAll(/\$\{client\.attributes\.(\w+)\}/g, (_, key) => client[key] ?? '').split('/');
    const given = topic.split('/');
    const rest = segments.at(-1) === '#';
    const fixed = rest ? segments.slice(0, -1) : segments;
    return (
      (rest ? given.length >= fixed.length : given.length === fixed.length) && fixed.every((s, i) => s === given[i])
    );
  };
  const BOILER = { tenant: 'acme', device: 'boiler-1' };
  const may = (permission: string, topic: string) =>
    all(plan, 'eventgrid:PermissionBinding')
      .filter(({ inputs }) => inputs.permission === permission)
      .flatMap(({ options }) => options.propertyDependencies?.topicSpaceName?.map((urn) => nameOfUrn(urn) ?? '') ?? [])
      .some((space) =>
        (named(plan, space).inputs as Inputs).topicTemplates.some((each: string) => matches(each, topic, BOILER)),
      );

  it.each(['telemetry', 'telemetry/temperature', 'reported', 'acks'])('may publish its own %s', (channel) => {
    expect(may('Publisher', `tenants/acme/devices/boiler-1/${channel}`)).toBe(true);
    expect(may('Subscriber', `tenants/acme/devices/boiler-1/${channel}`)).toBe(false);
    for (const other of ['acme/devices/boiler-2', 'globex/devices/boiler-1'])
      expect(may('Publisher', `tenants/${other}/${channel}`)).toBe(false);
  });

  it.each(['commands/set', 'desired'])('may subscribe to its own %s', (channel) => {
    expect(may('Subscriber', `tenants/acme/devices/boiler-1/${channel}`)).toBe(true);
    expect(may('Publisher', `tenants/acme/devices/boiler-1/${channel}`)).toBe(false);
    for (const other of ['acme/devices/boiler-2', 'globex/devices/boiler-1'])
      expect(may('Subscriber', `tenants/${other}/${channel}`)).toBe(false);
  });
});

it('sends on as the broker alone, reads as the functions alone, and has no other right', () => {
  const rights = all(plan, 'authorization:RoleAssignment')
    .filter(({ name }) => name.startsWith('managed-access-'))
    .map(({ inputs, options }) => {
      const { principalId = [], scope = [] } = options.propertyDependencies ?? {};
      return [nameOfUrn(principalId[0] ?? ''), inputs.roleDefinitionId.slice(-36, -28), scope.map(nameOfUrn)];
    });
  expect(rights.sort()).toEqual([
    ['identities-functions', 'a638d3c7', ['managed-hub-hub']],
    ['managed-mqtt-identity', '2b629674', ['managed-hub-hub']],
    ['managed-mqtt-identity', 'ba92f5b4', ['managed-undelivered-account']],
  ]);
});

it('names each message’s device by what the broker knows, keeps what it cannot deliver, and tries the rights first', () => {
  const { topicSpacesConfiguration, topicsConfiguration } = one(plan, 'eventgrid:Namespace').inputs;
  expect(topicsConfiguration).toBeUndefined();
  expect(topicSpacesConfiguration).toMatchObject({ state: 'Enabled', maximumSessionExpiryInHours: 8 });
  const added = topicSpacesConfiguration.routingEnrichments.dynamic as { key: string; value: string }[];
  expect(Object.fromEntries(added.map(({ key, value }) => [key, /^\$\{(.*)\}$/.exec(value)?.[1]]))).toEqual({
    client: 'client.authenticationName',
    tenant: 'client.attributes.tenant',
    device: 'client.attributes.device',
    mqtttopic: 'mqtt.message.topicName',
  });
  // "Must be lower-case alphanumerics of at most 20 characters".
  for (const { key } of added) expect(key).toMatch(/^[a-z0-9]{1,20}$/);
  const { inputs, dependencies } = one(plan, 'eventgrid:NamespaceTopicEventSubscription');
  const { push } = inputs.deliveryConfiguration;
  expect(push.deadLetterDestinationWithResourceIdentity.deadLetterDestination.blobContainerName).toBe('undelivered');
  // A filter would drop what the device was acknowledged for.
  expect(inputs.filtersConfiguration).toBeUndefined();
  const before = dependencies.map(nameOfUrn);
  expect(before).toEqual(
    expect.arrayContaining(['managed-access-mqtt-sends-to-hub', 'managed-access-mqtt-keeps-undelivered']),
  );
});

it('has no way to the hub but the app’s own subnet', () => {
  const hub = one(plan, 'eventhub:Namespace').inputs;
  expect(hub).toMatchObject({ publicNetworkAccess: 'Disabled', disableLocalAuth: true, minimumTlsVersion: '1.2' });
  expect(one(plan, 'eventhub:NamespaceNetworkRuleSet').inputs).toMatchObject({
    defaultAction: 'Deny',
    publicNetworkAccess: 'Disabled',
    trustedServiceAccessEnabled: true,
  });
  const app = one(plan, 'web:WebApp');
  expect(app.options.propertyDependencies?.virtualNetworkSubnetId?.map(nameOfUrn)).toEqual(['managed-way-subnet']);
  const { inputs } = named(plan, 'managed-way-subnet');
  expect(inputs.delegations).toEqual([{ name: 'functions', serviceName: 'Microsoft.App/environments' }]);
  expect(inputs.defaultOutboundAccess).toBe(false);
  expect(one(plan, 'web:WebAppApplicationSettings').inputs.properties).toMatchObject({
    EVENT_HUB__fullyQualifiedNamespace: 'evhns-mqtt-saas-dev-ex4mp1.servicebus.windows.net',
    EVENT_HUB__credential: 'managedidentity',
    EVENT_HUB_NAME: 'telemetry',
    EVENT_HUB_GROUP: 'ingest',
  });
});

it('is watched: logs of both namespaces and of what was not delivered, and an alert on each of their metrics', () => {
  const sources = all(plan, 'monitor:DiagnosticSetting').flatMap(
    ({ options }) => options.propertyDependencies?.resourceUri?.map(nameOfUrn) ?? [],
  );
  expect(sources).toEqual(
    expect.arrayContaining(['managed-mqtt-namespace', 'managed-hub-namespace', 'managed-undelivered-account']),
  );
  const asked = all(plan, 'monitor:MetricAlert').map(({ inputs }) => inputs.criteria.allOf?.[0]?.metricName);
  expect(asked).toEqual(
    expect.arrayContaining([
      'Mqtt.FailedRoutedMessages',
      'DeadLetteredCount',
      'DroppedEventCount',
      'Mqtt.ThrottlingEnforcements',
      'ThrottledRequests',
    ]),
  );
});
