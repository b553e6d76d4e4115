// The program's resources that may be adopted: where they are in it.

/** By the program's name: the type, and the component it is in. */
export const PLACES: Record<string, [type: string, ...component: [type: string, name: string] | []]> = {
  group: ['resources:ResourceGroup'],
  'network-nsg': ['network:NetworkSecurityGroup', 'Network', 'network'],
  'network-vnet': ['network:VirtualNetwork', 'Network', 'network'],
  'network-subnet': ['network:Subnet', 'Network', 'network'],
  'network-address': ['network:PublicIPAddress', 'Network', 'network'],
  'network-nic': ['network:NetworkInterface', 'Network', 'network'],
  'broker-vm': ['compute:VirtualMachine', 'BrokerMachine', 'broker'],
  'storage-account': ['storage:StorageAccount', 'Storage', 'storage'],
  'storage-blobs': ['storage:BlobServiceProperties', 'Storage', 'storage'],
  'storage-lifecycle': ['storage:ManagementPolicy', 'Storage', 'storage'],
};
