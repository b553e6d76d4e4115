// What no phase can take over, and which of several storage accounts is the one.
import { at, items, type Json, textAt } from './json.ts';
import type { Recording } from './recording.ts';

/** @throws Error for what the program has no place for at all. @param subnet that the machine is in. */
export function refuseImpossible({ vm, nic, publicAddress }: Recording, subnet: Json): void {
  const interfaces = items(at(vm, 'networkProfile', 'networkInterfaces'));
  if (interfaces.length !== 1) {
    throw new Error(
      `${textAt(vm, 'name')} has ${interfaces.length} interfaces: the program has one. Remove the others first`,
    );
  }
  if (!isSame(at(interfaces[0], 'id'), at(nic, 'id'))) {
    throw new Error(`nic.json is not the interface of ${textAt(vm, 'name')}: record it again`);
  }
  const address = at(nic, 'ipConfigurations', 0, 'publicIPAddress', 'id');
  if (!isSame(address, at(publicAddress, 'id'))) {
    throw new Error(`public-ip.json is not the address of ${textAt(nic, 'name')}: record it again`);
  }
  const name = textAt(publicAddress, 'name');
  if (at(publicAddress, 'sku', 'name') === 'Basic') {
    throw new Error(
      `${name} is of the Basic SKU, which Azure has retired: upgrade it first, it keeps its address ` +
        `(az network public-ip update --ids ID --sku Standard, while it is on no interface)`,
    );
  }
  if (at(publicAddress, 'publicIPAddressVersion') === 'IPv6') {
    throw new Error(`${name} is an IPv6 address: the program needs one of IPv4. Give the interface one first`);
  }
  if (items(at(subnet, 'addressPrefixes')).length > 1) {
    throw new Error(`the subnet ${textAt(subnet, 'name')} has several address ranges: the program's has one`);
  }
}

/** Azure itself writes one id in several ways. */
const isSame = (one: Json | undefined, other: Json | undefined) =>
  String(one).toLowerCase() === String(other).toLowerCase();

/** Kinds that hold blobs. */
const KINDS = ['StorageV2', 'Storage', 'BlobStorage', 'BlockBlobStorage'];

/**
 * The account that the Function App works with; undefined when the program makes one of its own.
 * @param wanted its name, or `none`. @throws Error when it is not known, or there is none of this name.
 */
export function chooseStorage(
  { storageAccounts, functionStorage }: Recording,
  wanted: string | undefined,
): Json | undefined {
  if (wanted === 'none') return undefined;
  const names = storageAccounts.map((each) => textAt(each, 'name'));
  const name = wanted ?? functionStorage;
  const found = storageAccounts.find((each) => textAt(each, 'name') === name);
  if (wanted !== undefined && !found) {
    throw new Error(`the group has no storage account "${wanted}", but: ${names.join(', ') || 'none'}`);
  }
  if (name === undefined && names.length > 1) {
    throw new Error(
      `which of ${names.join(', ')} is the Function App's is not recorded: say it with --storage NAME, or --storage none, and the ` +
        'platform makes one of its own',
    );
  }
  const storage = name === undefined ? storageAccounts[0] : found;
  const kind = at(storage, 'kind');
  if (kind !== undefined && !KINDS.includes(String(kind))) {
    throw new Error(`${textAt(storage, 'name')} is of the kind ${kind}, which holds no blobs: take --storage none`);
  }
  return storage;
}
