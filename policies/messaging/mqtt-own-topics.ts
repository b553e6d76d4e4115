// MSG-05: what a client of a managed broker may publish or read is its own.
import type { Known } from '../known.ts';
import { type Finding, REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { TOPIC_SPACE } from '../types.ts';

/** Levels that say which client it is. Another attribute, such as a site's, may be shared by clients. */
const NAMES: readonly (readonly string[])[] = [
  ['client.authenticationName'],
  ['client.attributes.tenant', 'client.attributes.device'],
];

function isOwn(template: Known): boolean {
  if (typeof template !== 'string') return false;
  const levels = template.split('/');
  const wildcard = levels.findIndex((level) => level === '+' || level === '#');
  const fixed = wildcard < 0 ? levels : levels.slice(0, wildcard);
  return NAMES.some((names) => names.every((name) => fixed.includes(`\${${name}}`)));
}

export const mqttOwnTopics: ResourceRule = {
  id: 'MSG-05',
  name: 'messaging-mqtt-own-topics',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'Every template of a topic space names its client before any wildcard: with the variable client.authenticationName, or with both client.attributes.tenant and client.attributes.device, each as a whole level.',
  reason:
    'A template without the client, or with a wildcard before it, lets every client of the group publish as any device of any tenant, or read what any of them is told.',
  fix: 'write templates as domain/managed-topics.ts does: tenants/<its tenant>/devices/<its name>/telemetry/#, with the variables in these two places',
  sources: [
    'Microsoft Learn, "Topic spaces in Azure Event Grid" (https://learn.microsoft.com/azure/event-grid/mqtt-topic-spaces)',
    'Microsoft Learn, "Access control for MQTT clients" (https://learn.microsoft.com/azure/event-grid/mqtt-access-control)',
  ],
  properties: { 'TopicSpace.topicTemplates': REQUIRED },
  types: [TOPIC_SPACE],
  remedy: 'only the program knows whose topics they are',
  check({ urn, name, props }): Finding[] {
    const { topicTemplates: templates } = props;
    if (!Array.isArray(templates))
      return [violation({ urn, name }, 'topicTemplates', templates ?? undefined, 'has no topic templates')];
    return templates
      .filter((template) => !isOwn(template))
      .map((template) =>
        violation(
          { urn, name },
          'topicTemplates',
          template,
          `has a template that is not its client’s own: ${String(template)}`,
        ),
      );
  },
};
