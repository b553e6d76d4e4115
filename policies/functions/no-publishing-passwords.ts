// FN-03: code is deployed with an identity, not with a user name and password.
import { at, isObject, type Known } from '../known.ts';
import { follow } from '../links.ts';
import type { Resource } from '../resource.ts';
import { type Finding, REQUIRED, type StackRule, violation } from '../rule.ts';
import { FTP_ALLOWED, SCM_ALLOWED, WEB_APP } from '../types.ts';
import { SITES } from './settings.ts';

/** Resources that allow or refuse publishing with a password; each has a variant for slots. */
const PUBLISHING: [type: string, what: string][] = [
  [FTP_ALLOWED, 'FTP'],
  [SCM_ALLOWED, 'the deployment site'],
];

/** True when a resource of that type certainly refuses passwords for the app. */
function isClosed(app: Resource, type: string, resources: Resource[]): boolean {
  const isSlot = app.type !== WEB_APP;
  return resources
    .filter((each) => each.type === (isSlot ? `${type}Slot` : type) && each.props.allow === false)
    .some((each) => {
      if (each.propertyDependencies.name?.includes(app.urn)) return true;
      if (isSlot) return each.dependencies.includes(app.urn) || sameText(each.props.slot, app.props.slot);
      const link = follow(each, 'name', each.props.name, WEB_APP, resources);
      return Array.isArray(link) && link.includes(app);
    });
}

const sameText = (a: Known, b: Known): boolean =>
  typeof a === 'string' && typeof b === 'string' && a.toLowerCase() === b.toLowerCase();

/** Flex Consumption has no FTP and refuses the setting. Apps on other plans cannot have a functionAppConfig. */
const isFlexConsumption = ({ props }: Resource): boolean => isObject(at(props, 'functionAppConfig', 'deployment'));

export const noPublishingPasswords: StackRule = {
  id: 'FN-03',
  name: 'function-app-no-publishing-passwords',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'Every web or function app and slot has a WebAppFtpAllowed and a WebAppScmAllowed with allow: false and, except on Flex Consumption, which has no FTP, sets siteConfig.ftpsState to Disabled. Azure’s defaults allow all three.',
  reason:
    'The publishing password can replace the app’s code, never expires and is visible to everyone who may manage the app.',
  fix: 'add web.WebAppFtpAllowed and web.WebAppScmAllowed with the app’s name and allow: false; unless the app has a functionAppConfig, also set siteConfig.ftpsState: "Disabled"',
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
        const findings = PUBLISHING.filter(([type]) => !isClosed(app, type, resources)).map(([, what]) => ({
          urn,
          message: `"${name}" allows publishing passwords for ${what}: no resource disables them.`,
        }));
        const ftps = at(props, 'siteConfig', 'ftpsState');
        if (isFlexConsumption(app) || ftps === 'Disabled') return findings;
        return [...findings, violation(app, 'siteConfig.ftpsState', ftps, 'allows FTP')];
      }),
};
