// A program that knows nothing of this project: no component, types of a dated API version, and several things unsafe.
import { CustomResource } from '@pulumi/pulumi';

const API = 'v20250101';
const tags = { environment: 'staging', project: 'shop', owner: 'shop@example.com', costCenter: '1' };
const place = { resourceGroupName: 'rg-shop', location: 'westeurope', tags };

class Dated extends CustomResource {
  constructor(module: string, type: string, name: string, inputs: object) {
    super(`azure-native:${module}/${API}:${type}`, name, { ...place, ...inputs });
  }
}

new Dated('network', 'NetworkSecurityGroup', 'front', {
  securityRules: [
    {
      name: 'rdp',
      priority: 100,
      direction: 'Inbound',
      access: 'Allow',
      protocol: 'Tcp',
      sourceAddressPrefixes: ['0.0.0.0/1', '128.0.0.0/1'],
      sourcePortRange: '*',
      destinationAddressPrefix: '*',
      destinationPortRange: '3000-4000',
    },
  ],
});
new Dated('storage', 'StorageAccount', 'files', {
  sku: { name: 'Standard_LRS' },
  allowBlobPublicAccess: true,
  allowSharedKeyAccess: false,
  enableHttpsTrafficOnly: true,
  minimumTlsVersion: 'TLS1_2',
  networkRuleSet: { defaultAction: 'Deny' },
});
new Dated('keyvault', 'Vault', 'keys', {
  properties: {
    enableRbacAuthorization: true,
    networkAcls: { defaultAction: 'Allow' },
    softDeleteRetentionInDays: 30,
  },
});

/** A group of another owner, only read: an offline preview knows nothing about it, so it counts as open. */
class Theirs extends CustomResource {
  constructor(name: string) {
    const id = `/subscriptions/0/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/${name}`;
    super(`azure-native:network/${API}:NetworkSecurityGroup`, name, {}, { id });
  }
}
new Theirs('theirs');
