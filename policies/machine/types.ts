// Undated type token of the machine.
export const VIRTUAL_MACHINE = 'azure-native:compute:VirtualMachine';
