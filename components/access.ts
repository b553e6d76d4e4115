// The rights of the platform's identities: every role assignment, in one table.
import { RoleAssignment } from '@pulumi/azure-native/authorization/roleAssignment.js';
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi';

/**
 * Ids of built-in roles by name. They are the same in every tenant.
 * Source: "Azure built-in roles", learn.microsoft.com/azure/role-based-access-control/built-in-roles.
 */
const ROLES = {
  'Azure Event Hubs Data Receiver': 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde',
  'Azure Event Hubs Data Sender': '2b629674-e913-4c01-ae53-ef4638d8f975',
  'Key Vault Secrets User': '4633458b-17de-408a-b874-0445c86b69e6',
  'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb',
  'Storage Blob Data Contributor': 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
  'Storage Blob Delegator': 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a',
  'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
  'Storage Blob Data Reader': '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1',
} as const;

/** One role assignment of the table. */
export interface Grant {
  /** Required. Principal id of the managed identity. */
  to: Input<string>;
  /** Required. The role. */
  role: keyof typeof ROLES;
  /** Required. Scope: the resource id of the narrowest resource that is enough. */
  on: Input<string>;
  /** Required. The reason; Azure's portal shows it. */
  why: string;
}

/** Arguments of {@link Access}. */
export interface AccessArgs {
  /** Required. The table. Each key is the assignment's stable name. */
  grants: Record<string, Grant>;
}

/** Role assignments of the platform's own identities. */
export class Access extends ComponentResource {
  constructor(name: string, { grants }: AccessArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Access', name, {}, options);
    for (const [line, { to, role, on, why }] of Object.entries(grants)) {
      new RoleAssignment(
        `${name}-${line}`,
        {
          principalId: to,
          // Without it Azure looks the new identity up in a directory that may not know it yet, and refuses the assignment.
          principalType: 'ServicePrincipal',
          roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${ROLES[role]}`,
          scope: on,
          description: why,
        },
        { parent: this },
      );
    }
    this.registerOutputs();
  }
}
