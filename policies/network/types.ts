// Undated type tokens of the network resources the rules are about.
export const SECURITY_GROUP = 'azure-native:network:NetworkSecurityGroup';
export const SECURITY_RULE = 'azure-native:network:SecurityRule';
export const SUBNET = 'azure-native:network:Subnet';
export const VIRTUAL_NETWORK = 'azure-native:network:VirtualNetwork';
export const NETWORK_INTERFACE = 'azure-native:network:NetworkInterface';
export const PUBLIC_IP = 'azure-native:network:PublicIPAddress';
