// FN-01: no plain HTTP.
import type { ResourceRule } from '../define.ts';

export const httpsOnly: ResourceRule = {
  id: 'FN-01',
  name: 'function-app-https-only',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A web or function app and each of its slots sets httpsOnly to true. Absent counts as a violation, for Azure then answers plain HTTP; so does unknown.',
  reason: 'A function key or session cookie sent over plain HTTP can be read by everyone on the way.',
  fix: 'set httpsOnly: true',
  types: ['azure-native:web:WebApp', 'azure-native:web:WebAppSlot'],
  check: ({ urn, name, props }) =>
    props.httpsOnly === true ? [] : [{ urn, message: `"${name}" does not surely redirect plain HTTP to HTTPS.` }],
};
