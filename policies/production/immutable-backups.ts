// PROD-02: an attacker who takes over a production environment cannot destroy its backups.
import { ENVIRONMENT_SCHEMA, isProduction } from '../environment.ts';
import { at, type Known } from '../known.ts';
import type { Resource } from '../resource.ts';
import { REQUIRED, type StackRule } from '../rule.ts';
import { BLOB_CONTAINER, IMMUTABILITY_POLICY } from '../types.ts';

/** True for a container that is for backups by its name; an unknown name counts as one. */
function holdsBackups({ name, props }: Resource): boolean {
  const container: Known = props.containerName ?? props.name ?? name;
  return typeof container !== 'string' || /backup|dump/i.test(container);
}

function hasPolicy(container: Resource, resources: Resource[]): boolean {
  return resources.some(({ type, props, propertyDependencies }) => {
    const days = props.immutabilityPeriodSinceCreationInDays;
    if (type !== IMMUTABILITY_POLICY || typeof days !== 'number' || days < 1) return false;
    const isLinked = propertyDependencies.containerName?.includes(container.urn) === true;
    return (
      isLinked || (typeof props.containerName === 'string' && props.containerName === container.props.containerName)
    );
  });
}

export const immutableBackups: StackRule = {
  id: 'PROD-02',
  name: 'production-immutable-backups',
  phase: 1,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'In production, every blob container for backups (by its name) is immutable: it has an immutability policy of at least one day, or immutable storage with versioning. Every stack is production unless it is listed otherwise.',
  reason:
    'An attacker or a mistake that destroys the environment would also destroy backups that its identities can delete.',
  fix: 'add storage.BlobContainerImmutabilityPolicy with immutabilityPeriodSinceCreationInDays, or set immutableStorageWithVersioning: { enabled: true }',
  sources: [
    'Microsoft Learn, "Immutable storage for blob data" (https://learn.microsoft.com/azure/storage/blobs/immutable-storage-overview)',
  ],
  properties: {
    'BlobContainerImmutabilityPolicy.immutabilityPeriodSinceCreationInDays': REQUIRED,
  },
  configSchema: ENVIRONMENT_SCHEMA,
  checkStack: (resources, config) =>
    resources
      .filter(
        (resource) => resource.type === BLOB_CONTAINER && isProduction(resource.urn, config) && holdsBackups(resource),
      )
      .filter(
        (container) =>
          at(container.props, 'immutableStorageWithVersioning', 'enabled') !== true && !hasPolicy(container, resources),
      )
      .map(({ urn, name }) => ({ urn, message: `"${name}" is for backups, and nothing makes it immutable.` })),
};
