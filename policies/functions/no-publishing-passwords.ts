// FN-03: code is published by an identity, not by a user name and password.
import { at, isObject, type Known } from '../known.ts';
import { follow } from '../links.ts';
import type { Resource } from '../resource.ts';
import { type Finding, REQUIRED, type StackRule } from '../rule.ts';
import { FTP_ALLOWED, SCM_ALLOWED, WEB_APP } from '../types.ts';
import { SITES } from './settings.ts';

/** The ways to publish with a password, each a resource of its own, and each for a slot too. */
const WAYS: [type: string, what: string][] = [
  [FTP_ALLOWED, 'FTP'],
  [SCM_ALLOWED, 'the deployment site'],
];

/** True when a resource of that type surely closes the way for the app. */
function isClosed(app: Resource, type: string, resources: Resource[]): boolean {
  const isSlot = app.type !== WEB_APP;
  return resources
    .filter((way) => way.type === (isSlot ? `${type}Slot` : type) && way.props.allow === false)
    .some((way) => {
      if (way.propertyDependencies.name?.includes(app.urn)) return true;
      if (isSlot) return way.dependencies.includes(app.urn) || sameText(way.props.slot, app.props.slot);
      const link = follow(way, 'name', way.props.name, WEB_APP, resources);
      return Array.isArray(link) && link.includes(app);
    });
}

const sameText = (a: Known, b: Known): boolean =>
  typeof a === 'string' && typeof b === 'string' && a.toLowerCase() === b.toLowerCase();

/** Flex Consumption has no FTP, and refuses a setting about it. An app of another plan cannot have a functionAppConfig. */
const isFlexConsumption = ({ props }: Resource): boolean => isObject(at(props, 'functionAppConfig', 'deployment'));

export const noPublishingPasswords: StackRule = {
  id: 'FN-03',
  name: 'function-app-no-publishing-passwords',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A WebAppFtpAllowed and a WebAppScmAllowed with allow: false belong to every web or function app and slot, and outside Flex Consumption, which has no FTP, it sets siteConfig.ftpsState to Disabled. Azure’s default allows all three.',
  reason:
    'The publishing password replaces the app’s code, never expires and is shown to everyone who may manage the app.',
  fix: 'add web.WebAppFtpAllowed and web.WebAppScmAllowed with the app’s name and allow: false, and, unless the app has a functionAppConfig, set siteConfig.ftpsState: "Disabled"',
  sources: [
    'Microsoft Learn, "App settings reference for Azure Functions", Flex Consumption plan deprecations',
    'Microsoft Learn, "Disable basic authentication in App Service deployments" (https://learn.microsoft.com/azure/app-service/configure-basic-auth-disable)',
    'CIS Azure Foundations 3.0 9.3',
    'Checkov CKV_AZURE_78',
    'Trivy AZU-0071',
  ],
  properties: {
    'WebApp.siteConfig.ftpsState': REQUIRED,
    'WebAppFtpAllowed.allow': REQUIRED,
    'WebAppScmAllowed.allow': REQUIRED,
  },
  checkStack: (resources): Finding[] =>
    resources
      .filter(({ type }) => SITES.includes(type))
      .flatMap((app) => {
        const { urn, name, props } = app;
        const findings = WAYS.filter(([type]) => !isClosed(app, type, resources)).map(([, what]) => ({
          urn,
          message: `"${name}" does not surely refuse a publishing password for ${what}.`,
        }));
        if (isFlexConsumption(app) || at(props, 'siteConfig', 'ftpsState') === 'Disabled') return findings;
        return [...findings, { urn, message: `"${name}" does not surely have FTP switched off.` }];
      }),
};
