// Event Hubs trigger `event_hub_ingest`: what Event Grid's MQTT broker routes, where a hub is configured.
import { app } from '@azure/functions';
import { ofPackage } from '../runtime/package-id.ts';
import { eventHub } from '../settings/event-hub-name.ts';

const hub = eventHub();
if (hub) {
  app.eventHub('event_hub_ingest', {
    ...ofPackage,
    // The prefix of the settings, such as EVENT_HUB__fullyQualifiedNamespace.
    connection: 'EVENT_HUB',
    eventHubName: hub.name,
    consumerGroup: hub.group,
    cardinality: 'many',
    // Without a policy the host goes on to the next events after a failure, and these are lost.
    retry: { strategy: 'exponentialBackoff', maxRetryCount: -1, minimumInterval: 1_000, maximumInterval: 60_000 },
    handler: async (events, context) => {
      const { ingestEvents } = await import('../ingest/on-events.ts');
      return ingestEvents(events as unknown[], context, hub.name);
    },
  });
}
