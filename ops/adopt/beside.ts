// What az printed about an adopted resource that is not an input, although a phase would lose it or fail because of it: locks, extensions,
// parts, other resources in its subnet. By the program's name for the resource, under the names used in decisions.ts.
import type { Inputs } from './declared.ts';
import { at, items, type Json, textAt } from './json.ts';
import type { Recording } from './recording.ts';

/** An extension that only sets a user's key or password, once: its type, and its name in az. */
const DONE_WITH = ['VMAccessForLinux', 'enablevmaccess'];

export function besideOf(
  { vm, nic, securityGroup, locks, resources, containers, shares, functionApp }: Recording,
  subnet: Json,
): Record<string, Inputs> {
  const nicId = id(nic);
  const others = (list: Json | undefined, own: string) =>
    items(list)
      .map(id)
      .filter((each) => !`${each}/`.startsWith(`${own}/`));
  const isExtension = (each: Json) => id(each).startsWith(`${id(vm)}/extensions/`);
  const extensions = [...items(at(vm, 'resources')), ...resources.filter(isExtension)].filter(
    (each) => !DONE_WITH.some((word) => [at(each, 'typePropertiesType'), nameOf(each)].includes(word)),
  );
  // A part's id begins with its owner's id.
  const parts = (of: Json) =>
    resources.filter((each) => id(each).startsWith(`${id(of)}/`)).map((each) => id(each).slice(id(of).length + 1));
  const names = (list: Json[]) => [...new Set(list.map(nameOf))];
  const ofSubnet = at(subnet, 'networkSecurityGroup', 'id');
  const isOther = ofSubnet !== undefined && String(ofSubnet).toLowerCase() !== id(securityGroup);
  return filled({
    group: { locks: locks.map((lock) => `${at(lock, 'level')} ${textAt(lock, 'id')}`) },
    'network-nsg': {
      sharedWith: [
        ...others(at(securityGroup, 'networkInterfaces'), nicId),
        ...others(at(securityGroup, 'subnets'), id(subnet)),
      ],
    },
    'network-subnet': {
      sharedWith: others(at(subnet, 'ipConfigurations'), nicId),
      otherSecurityGroup: isOther ? [ofSubnet] : [],
    },
    'broker-vm': {
      extensions: names(extensions),
      parts: parts(vm).filter((each) => !each.startsWith('extensions/')),
      userData: at(vm, 'userData') === undefined ? [] : ['not recorded'],
    },
    'before-function-app': {
      parts: parts(functionApp),
      hostNames: items(at(functionApp, 'hostNames')).filter((each) => !/\.azurewebsites\.net$/i.test(String(each))),
      identity: [at(functionApp, 'identity', 'principalId') ?? []].flat(),
    },
    'storage-account': {
      fileShares: names(shares),
      containers: names(containers.filter((each) => !THE_HOSTS.test(String(at(each, 'name'))))),
    },
  });
}

/** Containers that the Functions host makes for itself. */
const THE_HOSTS = /^(azure-webjobs-.*|scm-releases)$/;

/** A part's name is the last part of its full name. */
const nameOf = (value: Json) =>
  String(at(value, 'name') ?? id(value))
    .split('/')
    .at(-1) as string;

const id = (value: Json) => String(at(value, 'id')).toLowerCase();

/** Without empty values. */
const filled = (all: Record<string, Record<string, Json[]>>): Record<string, Inputs> =>
  Object.fromEntries(
    Object.entries(all).map(([name, lists]) => [
      name,
      Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)),
    ]),
  );

/** What Azure deletes with the machine, even if the machine is only replaced. In the form of `az resource update --set`. */
export function attachedForLife(vm: Json): string[] {
  const isDeleted = (value: Json) => String(at(value, 'deleteOption')).toLowerCase() === 'delete';
  const places = (list: Json | undefined) => items(list).flatMap((each, i) => (isDeleted(each) ? [i] : []));
  return [
    'properties.storageProfile.osDisk.deleteOption=Detach',
    ...places(at(vm, 'storageProfile', 'dataDisks')).map(
      (i) => `properties.storageProfile.dataDisks[${i}].deleteOption=Detach`,
    ),
    // Azure's own answer has an interface's properties one level down.
    ...places(at(vm, 'networkProfile', 'networkInterfaces')).map(
      (i) => `properties.networkProfile.networkInterfaces[${i}].properties.deleteOption=Detach`,
    ),
  ];
}
