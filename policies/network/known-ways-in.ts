// NET-10: what no rule can judge is named, and passes only when somebody has said so.
import { at, entriesOf, isObject, isSet, type Known, type KnownObject } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, ONLY_KNOWN, REQUIRED, type ResourceRule, type RuleConfig } from '../rule.ts';
import { unpack } from '../secrets/unpack.ts';
import { COMMANDS, SCALE_SET, SCRIPT_RUNNERS } from '../types.ts';
import { cloudCall } from './cloud-commands.ts';
import { OTHER_PACKAGES, PACKAGES, unjudgedWayIn } from './ways-in.ts';

/** A type of a package in the table, or all of one that is not azure-native. */
const ENTRY = `^(azure-native:[^*]+|(${OTHER_PACKAGES.join('|')}):([^*]+|\\*))$`;

const entriesIn = ({ accepted }: RuleConfig): string[] => (Array.isArray(accepted) ? accepted.map(String) : []);
const isOf = (type: string, entry: string): boolean =>
  new RegExp(ENTRY).test(entry) && (entry === type || (entry.endsWith(':*') && type.startsWith(entry.slice(0, -1))));

/** A text that is run, and the name of its place. */
type Text = [where: string, text: string];

/** Every text in a value, with what it is the base64 of. */
function textsIn(value: Known): string[] {
  if (typeof value === 'string') return unpack(value).texts;
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isObject(value) ? Object.values(value).flatMap(textsIn) : [];
}

/** What Pulumi runs: each text alone, and behind the words of its interpreter. */
function textsOfCommand({ interpreter, environment, stdin, ...props }: KnownObject): Text[] {
  const words = entriesOf(interpreter).filter((word) => typeof word === 'string');
  const lines = ['create', 'update', 'delete'].flatMap((key): Text[] => {
    const text = props[key];
    if (typeof text !== 'string') return [];
    return words.length > 0
      ? [
          [key, text],
          [key, [...words, text].join(' ')],
        ]
      : [[key, text]];
  });
  return [
    ...words.filter((word) => /\s/.test(word)).map((word): Text => ['interpreter', word]),
    ...lines,
    ...[stdin].filter((text) => typeof text === 'string').map((text): Text => ['stdin', text]),
    ...textsIn(environment).map((text): Text => ['environment', text]),
  ];
}

/** What runs scripts in a machine: a run command, an extension, or a scale set with extensions written inside it. */
function runnersIn(type: string, props: KnownObject): [prefix: string, runner: Known][] {
  if (type !== SCALE_SET) return [['', props]];
  const path = ['virtualMachineProfile', 'extensionProfile', 'extensions'];
  return entriesOf(at(props, ...path)).map((each) => [`${path.join('.')}.`, each]);
}
const SCRIPTS = ['source', 'settings', 'protectedSettings'];
const ADDRESSES = [
  ['source', 'scriptUri'],
  ['settings', 'fileUris'],
  ['protectedSettings', 'fileUris'],
  ['settings', 'configuration', 'url'],
];

function judgeRunner(prefix: string, runner: Known): string | undefined {
  const texts = SCRIPTS.flatMap((key) => textsIn(at(runner, key)).map((text): Text => [prefix + key, text]));
  // Where the whole object is not known, other rules say so.
  const address = ADDRESSES.find(
    ([key, ...rest]) => isObject(at(runner, key!)) && textOrUnknown(at(runner, key!, ...rest)),
  );
  return (
    judgeTexts(texts) ??
    (address && `runs a script by its address in ${prefix}${address.join('.')}, and no policy can judge what it does`)
  );
}
const textOrUnknown = (value: Known) => (Array.isArray(value) ? value.length > 0 : isSet(value));

function judgeTexts(texts: Text[]): string | undefined {
  for (const [where, text] of texts) {
    const call = cloudCall(text);
    if (call !== undefined) return `calls ${call} in ${where} to make or change resources, and no policy sees them`;
  }
  return undefined;
}

function judgeScripts(type: string, props: KnownObject): string | undefined {
  if (COMMANDS.includes(type)) return judgeTexts(textsOfCommand(props));
  return runnersIn(type, props)
    .map(([prefix, runner]) => judgeRunner(prefix, runner))
    .find(isSet);
}
const RUNNERS: readonly string[] = [...COMMANDS, ...SCRIPT_RUNNERS, SCALE_SET];

export const knownWaysIn: ResourceRule = {
  id: 'NET-10',
  name: 'network-ways-in-judged',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'What can open a way from outside to a machine and no rule of this pack judges is named: gateways, firewalls and tunnels, peerings, clusters and containers with public addresses, rules that come before security groups, templates, the classic provider, and commands and scripts that call the cloud’s tools. Of azure-native’s module network that is every type, of other modules and providers those in the table. The policy configuration may accept types that somebody else has judged; a command passes only by an exception.',
  reason:
    'The ingress contract holds for what the rules can see. A template, a peering or one az command beside it opens port 22 just as well, and nothing would say so.',
  fix: 'build it from azure-native resources that the pack judges, or, once somebody has judged it, list its type in accepted of network-ways-in-judged in the policy configuration; for a command make an exception with a date',
  sources: [
    'Microsoft Learn, "Security admin rules in Azure Virtual Network Manager" (https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins): AlwaysAllow',
    'Microsoft Learn, "Virtual network service tags" (https://learn.microsoft.com/azure/virtual-network/service-tags-overview): what VirtualNetwork stands for',
    'Microsoft Learn, "Azure Firewall DNAT" (https://learn.microsoft.com/azure/firewall/tutorial-firewall-dnat)',
  ],
  properties: {
    'AdminRule.access': REQUIRED,
    'Route.addressPrefix': REQUIRED,
    'RouteTable.routes': DEFAULT_IS_SAFE,
    'VirtualNetwork.virtualNetworkPeerings': DEFAULT_IS_SAFE,
    'LoadBalancer.backendAddressPools': DEFAULT_IS_SAFE,
    'LoadBalancerBackendAddressPool.loadBalancerBackendAddresses': DEFAULT_IS_SAFE,
    'ContainerGroup.ipAddress': DEFAULT_IS_SAFE,
    'ContainerApp.configuration': DEFAULT_IS_SAFE,
    'Service.spec': DEFAULT_IS_SAFE,
    'ManagedInstance.publicDataEndpointEnabled': DEFAULT_IS_SAFE,
    'AppServiceEnvironment.internalLoadBalancingMode': REQUIRED,
    'App.properties': DEFAULT_IS_SAFE,
    'Command.create': ONLY_KNOWN,
    'Command.interpreter': ONLY_KNOWN,
    'Command.environment': ONLY_KNOWN,
    'VirtualMachineRunCommandByVirtualMachine.source.script': ONLY_KNOWN,
    'VirtualMachineRunCommandByVirtualMachine.source.scriptUri': DEFAULT_IS_SAFE,
    'VirtualMachineExtension.settings': ONLY_KNOWN,
  },
  configSchema: { properties: { accepted: { type: 'array', items: { type: 'string', pattern: ENTRY } } } },
  types: [...PACKAGES, ...COMMANDS],
  remedy: 'what takes its place only the author knows',
  check({ urn, name, type, props }, config): Finding[] {
    const runs = RUNNERS.includes(type) ? judgeScripts(type, props) : undefined;
    const isAccepted = entriesIn(config).some((entry) => isOf(type, entry));
    const wrong = runs ?? (isAccepted ? undefined : unjudgedWayIn(type, props));
    return wrong === undefined ? [] : [{ urn, message: `"${name}" (${type}) ${wrong}.` }];
  },
  notes: (resources, config) =>
    entriesIn(config)
      .filter((entry) => !resources.some(({ type }) => isOf(type, entry)))
      .map(
        (entry) =>
          `accepts ${entry}, and nothing in this stack is of it: remove the entry where no other stack needs it`,
      ),
};
