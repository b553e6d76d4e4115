// FN-06: only listed origins may call the app from a browser, and remote debugging is off.
import { at, entriesOf, UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, type ResourceRule, violation } from '../rule.ts';
import { SITES } from './settings.ts';

export const noOpenDoors: ResourceRule = {
  id: 'FN-06',
  name: 'function-app-no-open-doors',
  phase: 1,
  severity: 'medium',
  enforcement: 'mandatory',
  demand:
    'siteConfig.cors does not allow the origin "*", and siteConfig.remoteDebuggingEnabled is not true. Both are safe by default.',
  reason:
    'With "*", any page that a signed-in user visits can call the app from the browser; a remote debugger can read its memory, including secrets.',
  fix: 'list the dashboard’s origin in siteConfig.cors.allowedOrigins and remove siteConfig.remoteDebuggingEnabled',
  sources: [
    'Microsoft Learn, "Azure security baseline for Functions" (https://learn.microsoft.com/security/benchmark/azure/baselines/functions-security-baseline)',
    'Azure Policy: function apps should not allow every resource by CORS; should have remote debugging turned off',
  ],
  properties: {
    'WebApp.siteConfig.cors.allowedOrigins': DEFAULT_IS_SAFE,
    'WebApp.siteConfig.remoteDebuggingEnabled': DEFAULT_IS_SAFE,
  },
  types: SITES,
  remedy: { 'WebApp.siteConfig.remoteDebuggingEnabled': false },
  check({ urn, name, props }): Finding[] {
    const origins = at(props, 'siteConfig', 'cors', 'allowedOrigins');
    const debugging = at(props, 'siteConfig', 'remoteDebuggingEnabled');
    const isOpen = entriesOf(origins).some((each) => each === '*' || each === UNKNOWN);
    const findings: Finding[] = [];
    if (isOpen)
      findings.push({
        urn,
        message: `"${name}": siteConfig.cors allows every origin, or it is not known during preview.`,
      });
    if (debugging === true || debugging === UNKNOWN)
      findings.push(
        violation({ urn, name }, 'siteConfig.remoteDebuggingEnabled', debugging, 'allows remote debugging'),
      );
    return findings;
  },
};
