// Somebody outside who asks for the health page: Azure's web test, and the alert when its request fails.
import { WebTest } from '@pulumi/azure-native/applicationinsights/webTest.js';
import { MetricAlert } from '@pulumi/azure-native/monitor/metricAlert.js';
import { ComponentResource, type ComponentResourceOptions, type Input, output } from '@pulumi/pulumi';
import type { Operators } from './operators.ts';
import type { Placement } from './placement.ts';

/** Arguments of {@link OutsideTest}. */
export interface OutsideTestArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. The operators that are notified. */
  operators: Operators;
  /** Required. Resource id of Application Insights, which keeps the results. Known before a deployment: a tag holds it. */
  insightsId: Input<string>;
  /** Required. The address that must answer 200. */
  url: Input<string>;
  /** Required. Minutes between two requests: 5, 10 or 15. Azure charges for each. */
  minutes: number;
  /** Required. What a failure means, for the mail. */
  meaning: string;
}

/** Azure's name of its data centre in Amsterdam, where the requests come from. One place: each costs. */
const PLACE = 'emea-nl-ams-azr';
const TIMEOUT_SECONDS = 30;

/** A web test and its alert. */
export class OutsideTest extends ComponentResource {
  constructor(name: string, args: OutsideTestArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:OutsideTest', name, {}, options);
    const { placement, operators, insightsId, url, minutes, meaning } = args;
    const { resourceGroupName, location, tags, names } = placement;
    const parent = { parent: this };
    const key = 'platform-unreachable';
    const test = new WebTest(
      `${name}-test`,
      {
        webTestName: names.own('alert', 'outside'),
        resourceGroupName,
        location,
        // Application Insights finds its tests by this tag.
        tags: output(insightsId).apply((id) => ({ ...tags, [`hidden-link:${id}`]: 'Resource' })),
        kind: 'standard',
        webTestKind: 'standard',
        syntheticMonitorId: names.own('alert', 'outside'),
        enabled: true,
        frequency: minutes * 60,
        timeout: TIMEOUT_SECONDS,
        // A single failure is tried again before it counts.
        retryEnabled: true,
        locations: [{ location: PLACE }],
        request: { requestUrl: url, httpVerb: 'GET', parseDependentRequests: false, followRedirects: false },
        validationRules: { expectedHttpStatusCode: 200 },
      },
      parent,
    );
    new MetricAlert(
      `${name}-alert`,
      {
        ruleName: names.own('alert', key),
        resourceGroupName,
        location: 'global',
        tags,
        description: meaning,
        enabled: true,
        severity: 0,
        scopes: [test.id, insightsId],
        evaluationFrequency: 'PT1M',
        // Azure has no window of ten minutes.
        windowSize: minutes > 5 ? 'PT15M' : 'PT5M',
        autoMitigate: true,
        criteria: {
          odataType: 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria',
          webTestId: test.id,
          componentId: insightsId,
          failedLocationCount: 1,
        },
        actions: [{ actionGroupId: operators.actionGroupId }],
      },
      parent,
    );
    this.registerOutputs();
  }
}
