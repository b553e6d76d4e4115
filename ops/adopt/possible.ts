// What no phase can adopt, and which of several storage accounts is adopted.
import { OUR_TAGS } from './decisions.ts';
import type { Inputs } from './declared.ts';
import { at, items, type Json, textAt } from './json.ts';
import type { Recording } from './recording.ts';

/** @throws Error for anything that the program has no place for. @param subnet the machine's subnet. */
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
  if (isSame(at(publicAddress, 'sku', 'name'), 'Basic')) {
    throw new Error(
      `${name} is of the Basic SKU, which Azure has retired: upgrade it first, it keeps its address ` +
        `(az network public-ip update --ids ID --sku Standard, while it is on no interface)`,
    );
  }
  if (isSame(at(publicAddress, 'publicIPAddressVersion'), 'IPv6')) {
    throw new Error(`${name} is an IPv6 address: the program needs one of IPv4. Give the interface one first`);
  }
  if (items(at(subnet, 'addressPrefixes')).length > 1) {
    throw new Error(`the subnet ${textAt(subnet, 'name')} has several address ranges: the program's has one`);
  }
}

/** Azure itself writes one id in several ways. */
const isSame = (one: Json | undefined, other: Json | undefined) =>
  String(one).toLowerCase() === String(other).toLowerCase();

/** Maximum number for a resource ("Use tags to organize your Azure resources", Microsoft Learn). */
const MOST_TAGS = 50;

/** @param kept members that stay. @throws Error if Azure has no room for its tags and the platform's. */
export function refuseTags(name: string, { tags }: Inputs): void {
  const count = Object.keys(tags ?? {}).length;
  if (count + OUR_TAGS.length <= MOST_TAGS) return;
  throw new Error(
    `${name} has ${count} tags, and with the platform's ${OUR_TAGS.length} Azure takes ${MOST_TAGS}: remove some, then record again`,
  );
}

/** @throws Error if a stack file cannot hold it: Pulumi reads an object whose only member is `secure` as an encrypted text. */
export function refuseSecure(inputs: Json, path: string[] = []): void {
  if (typeof inputs !== 'object' || inputs === null) return;
  const members = Object.entries(inputs);
  if (members.length === 1 && typeof members[0]?.[1] === 'string' && members[0][0] === 'secure') {
    throw new Error(
      `${path.join('.')} has only "secure", which in a stack file means an encrypted text: add another, or rename it, then record again`,
    );
  }
  for (const [name, value] of members) refuseSecure(value, [...path, name]);
}

/** Kinds that hold blobs. */
const KINDS = ['StorageV2', 'Storage', 'BlobStorage', 'BlockBlobStorage'];

/** Settings that name the app's account, alone or in a connection string. */
const ACCOUNT = [/AccountName=([a-z0-9]+)/, /^https:\/\/([a-z0-9]+)\.blob\./, /^([a-z0-9]{3,24})$/];

/** As record.sh found it; settings recorded with their values show it, too. */
function functionsAccount({ functionStorage, appSettings }: Recording): string | undefined {
  const values = appSettings
    .filter((each) => /^AzureWebJobsStorage($|__(accountName|blobServiceUri)$)/.test(textAt(each, 'name')))
    .map((each) => String(at(each, 'value') ?? ''));
  const found = values.flatMap((value) => ACCOUNT.flatMap((pattern) => pattern.exec(value)?.[1] ?? []));
  return functionStorage ?? found[0];
}

/**
 * The account that the Function App works with; undefined if the program makes its own.
 * @param wanted its name, or `none`. @throws Error if it is not known, or does not exist.
 */
export function chooseStorage(recording: Recording, wanted: string | undefined): Json | undefined {
  const { storageAccounts } = recording;
  const names = storageAccounts.map((each) => textAt(each, 'name'));
  if (wanted === 'none' || names.length === 0) return undefined;
  const name = wanted ?? functionsAccount(recording);
  // With a single account and no other information, there is no choice.
  const storage = storageAccounts.find((each) => textAt(each, 'name') === (name ?? (names.length === 1 && names[0])));
  if (!storage) {
    const why =
      name === undefined
        ? `which of ${names.join(', ')} is the Function App's is not recorded`
        : `the group has no storage account "${name}", but: ${names.join(', ')}`;
    throw new Error(
      `${why}. Say which one to take over: --storage NAME, or --storage none, and the platform makes one of its own`,
    );
  }
  const kind = at(storage, 'kind');
  if (kind !== undefined && !KINDS.includes(String(kind))) {
    throw new Error(`${textAt(storage, 'name')} is of the kind ${kind}, which holds no blobs: take --storage none`);
  }
  return storage;
}
