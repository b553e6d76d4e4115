// MSG-01: a stream is read and written with identities, not with a key for all of it that never expires.
import { REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { EVENT_HUBS_NAMESPACE } from '../types.ts';

export const hubRolesOnly: ResourceRule = {
  id: 'MSG-01',
  name: 'messaging-hub-roles-only',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand: 'An Event Hubs namespace sets disableLocalAuth to true. The default is false.',
  reason:
    'A connection string reads and writes every message of every tenant, cannot be traced to a user and is valid until it is rotated.',
  fix: 'set disableLocalAuth: true and assign Azure Event Hubs Data Sender and Data Receiver',
  sources: [
    'Microsoft Learn, "Authenticate requests using Shared Access Signatures: disabling local authentication" (https://learn.microsoft.com/azure/event-hubs/authenticate-shared-access-signature)',
  ],
  properties: { 'Namespace.disableLocalAuth': REQUIRED },
  types: [EVENT_HUBS_NAMESPACE],
  remedy: 'anything that still uses a connection string would stop working at once',
  check: ({ urn, name, props }) =>
    props.disableLocalAuth === true
      ? []
      : [violation({ urn, name }, 'disableLocalAuth', props.disableLocalAuth, 'accepts connection strings')],
};
