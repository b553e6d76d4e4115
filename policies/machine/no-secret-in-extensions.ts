// VM-06: what is run on the machine from outside is known, and its secrets travel encrypted.
import { at, isObject, isSet, type Known, UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, ONLY_KNOWN, REQUIRED, type ResourceRule, type RuleConfig } from '../rule.ts';
import { secretsAnywhereIn } from '../secrets/detectors.ts';
import { isSecretName } from '../secrets/names.ts';
import { RUN_COMMAND, VM_EXTENSION } from '../types.ts';

/** Publisher and type of the extensions that may run: monitoring and sign-in by Entra. CustomScript is not among them. */
const ALLOWED = [
  'Microsoft.Azure.Monitor/AzureMonitorLinuxAgent',
  'Microsoft.Azure.ActiveDirectory/AADSSHLoginForLinux',
  'Microsoft.Azure.Security.LinuxAttestation/GuestAttestation',
];

/** What is wrong with a value under a name; UNKNOWN counts where the name promises a secret. */
function judge(name: string, value: Known): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => judge(name, item));
  if (isObject(value)) return Object.entries(value).flatMap(([key, item]) => judge(key, item));
  if (!isSet(value)) return [];
  if (isSecretName(name)) return [`"${name}" is a secret by its name.`];
  return typeof value === 'string' ? secretsAnywhereIn(value).map((kind) => `"${name}" holds ${kind}.`) : [];
}

function judgeExtension({ publisher, type, settings }: Record<string, Known>, { extensions }: RuleConfig): string[] {
  const allowed: unknown[] = Array.isArray(extensions) ? extensions : ALLOWED;
  const isAllowed =
    typeof publisher === 'string' && typeof type === 'string' && allowed.includes(`${publisher}/${type}`);
  const found = isAllowed ? [] : ['It is not one of the extensions that may run.'];
  if (settings === UNKNOWN)
    return [...found, 'settings are not known during preview, so a secret in them cannot be ruled out.'];
  return [...found, ...judge('settings', settings)];
}

function judgeCommand({ source, parameters, runAsPassword }: Record<string, Known>): string[] {
  const script = at(source, 'script');
  const found = isSet(runAsPassword) ? ['runAsPassword is set.'] : [];
  if (script === UNKNOWN)
    found.push('source.script is not known during preview, so a secret in it cannot be ruled out.');
  else found.push(...judge('source', source));
  if (parameters === UNKNOWN)
    return [...found, 'parameters are not known during preview, so a secret in them cannot be ruled out.'];
  const list = Array.isArray(parameters) ? parameters : [];
  return [...found, ...list.flatMap((each) => judge(String(at(each, 'name')), at(each, 'value')))];
}

export const noSecretInExtensions: ResourceRule = {
  id: 'VM-06',
  name: 'vm-no-secret-in-extensions',
  phase: 1,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'Only extensions on the allow-list are installed, and no secret is in the settings of an extension or in the script, parameters or password of a run command.',
  reason:
    'Settings and parameters are shown to everyone who may read the machine and are written to its log; a script extension is a second way to run anything as root.',
  fix: 'use protectedSettings or protectedParameters, better let the machine read the secret by its identity; list further extensions in extensions of vm-no-secret-in-extensions in the policy configuration',
  sources: [
    'Microsoft Learn, "Run scripts in your Linux VM by using managed Run Commands" (https://learn.microsoft.com/azure/virtual-machines/linux/run-command-managed)',
    'Checkov CKV_AZURE_50',
  ],
  properties: {
    'VirtualMachineExtension.publisher': REQUIRED,
    'VirtualMachineExtension.type': REQUIRED,
    'VirtualMachineExtension.settings': DEFAULT_IS_SAFE,
    'VirtualMachineRunCommandByVirtualMachine.source.script': DEFAULT_IS_SAFE,
    'VirtualMachineRunCommandByVirtualMachine.parameters': DEFAULT_IS_SAFE,
    'VirtualMachineRunCommandByVirtualMachine.parameters[].value': ONLY_KNOWN,
    'VirtualMachineRunCommandByVirtualMachine.runAsPassword': DEFAULT_IS_SAFE,
  },
  types: [VM_EXTENSION, RUN_COMMAND],
  remedy: 'a secret that was written in the wrong place must be changed, not moved',
  configSchema: { properties: { extensions: { type: 'array', items: { type: 'string' } } } },
  check({ urn, name, type, props }, config): Finding[] {
    const wrong = type === VM_EXTENSION ? judgeExtension(props, config) : judgeCommand(props);
    return wrong.map((message) => ({ urn, message: `"${name}": ${message}` }));
  },
};
