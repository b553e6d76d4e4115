// Resource group, region, tags and names of an environment: one convention for all components.
import type { Input } from '@pulumi/pulumi';

/**
 * The abbreviations of Microsoft's Cloud Adoption Framework ("Abbreviation recommendations for Azure resources"). It has none
 * for an alert and a budget.
 */
export type ResourceKind =
  | 'rg'
  | 'vnet'
  | 'snet'
  | 'nsg'
  | 'pip'
  | 'nic'
  | 'ng'
  | 'pep'
  | 'vm'
  | 'disk'
  | 'id'
  | 'asp'
  | 'log'
  | 'appi'
  | 'ag'
  | 'alert'
  | 'budget';

/** Kinds whose names must be unique among all customers of Azure, or of Cloudflare Pages. */
export type SharedKind = 'kv' | 'st' | 'func' | 'dns' | 'pages' | 'iot' | 'evgns' | 'evhns';

/** On every taggable resource: its environment and project, who is responsible for it, and who pays. */
export interface Tags extends Record<string, string> {
  environment: string;
  project: string;
  owner: string;
  costCenter: string;
}

/** What every component needs to know about its environment. */
export interface Placement {
  /** Required. Resource group that holds the resources. */
  resourceGroupName: Input<string>;
  /** Required. Azure resource id of the group. */
  resourceGroupId: Input<string>;
  /** Required. Azure region, such as `northeurope`. */
  location: string;
  /** Required. Tags for every taggable resource. */
  tags: Tags;
  /** Required. The resources' names. */
  names: Names;
}

/** The names of an environment's resources. All are fixed, so they are known before a deployment. */
export interface Names {
  /** `<kind>-<project>-<environment>[-<role>]`, such as `vnet-mqtt-saas-dev`. */
  own(kind: ResourceKind, role?: string): string;
  /** A name unique in all of Azure or Pages: it ends with the environment's suffix. A second account gets a role, up to 8 letters. */
  shared(kind: SharedKind, role?: string): string;
}

/** The arguments of {@link namesFor}. Together they fit the shortest limit, 24 characters for vaults and accounts. */
export interface NamesArgs {
  /** Required. The project's name; vaults and accounts get only its first word. */
  project: string;
  /** Required. The environment's name, 2 to 8 lower-case letters and digits. */
  environment: string;
  /** Required. Makes this environment's names globally unique: 3 to 6 lower-case letters and digits. */
  suffix: string;
}

/** The naming convention, for one environment. */
export function namesFor({ project, environment, suffix }: NamesArgs): Names {
  const [short] = project.split('-');
  return {
    own: (kind, role) => [kind, project, environment, role].filter(Boolean).join('-'),
    shared(kind, role = short) {
      // Limits: "Naming rules and restrictions for Azure resources". An account's name has no hyphens.
      if (kind === 'st') return `st${role}${environment}${suffix}`;
      if (kind === 'kv') return `kv-${short}-${environment}-${suffix}`;
      if (kind === 'dns' || kind === 'pages') return `${project}-${environment}-${suffix}`;
      return `${kind}-${project}-${environment}-${suffix}`;
    },
  };
}
