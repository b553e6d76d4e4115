// VM-06: only allowed extensions run on the machine, and extensions and run commands contain no plain secrets.
import { at, isObject, isSet, type Known, UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, ONLY_KNOWN, REQUIRED, type ResourceRule, type RuleConfig } from '../rule.ts';
import { secretsAnywhereIn } from '../secrets/detectors.ts';
import { isSecretName } from '../secrets/names.ts';
import { RUN_COMMAND, VM_EXTENSION } from '../types.ts';

/** Publisher and type of the allowed extensions: monitoring and Entra sign-in, not CustomScript. */
const ALLOWED = [
  'Microsoft.Azure.Monitor/AzureMonitorLinuxAgent',
  'Microsoft.Azure.ActiveDirectory/AADSSHLoginForLinux',
  'Microsoft.Azure.Security.LinuxAttestation/GuestAttestation',
];

/** What is wrong with a named value; an unknown value is wrong if its name suggests a secret. */
function judge(name: string, value: Known): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => judge(name, item));
  if (isObject(value)) return Object.entries(value).flatMap(([key, item]) => judge(key, item));
  if (!isSet(value)) return [];
  if (isSecretName(name)) return [`"${name}" looks like a secret by its name.`];
  return typeof value === 'string' ? secretsAnywhereIn(value).map((kind) => `"${name}" contains ${kind}.`) : [];
}

function judgeExtension({ publisher, type, settings }: Record<string, Known>, { extensions }: RuleConfig): string[] {
  const allowed: unknown[] = Array.isArray(extensions) ? extensions : ALLOWED;
  const isAllowed =
    typeof publisher === 'string' && typeof type === 'string' && allowed.includes(`${publisher}/${type}`);
  const found = isAllowed ? [] : ['This extension is not on the allow-list.'];
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
    'Only extensions on the allow-list are installed. The settings of an extension and the script, parameters and password of a run command contain no secret.',
  reason:
    'Settings and parameters are visible to everyone who may read the machine and are written to its log. A script extension can run anything as root.',
  fix: 'let the machine read the secret with its identity, or use protectedSettings or protectedParameters; allow further extensions with extensions of vm-no-secret-in-extensions in the policy configuration',
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
  remedy: 'a secret that was exposed must be replaced, not moved',
  configSchema: { properties: { extensions: { type: 'array', items: { type: 'string' } } } },
  check({ urn, name, type, props }, config): Finding[] {
    const wrong = type === VM_EXTENSION ? judgeExtension(props, config) : judgeCommand(props);
    return wrong.map((message) => ({ urn, message: `"${name}": ${message}` }));
  },
};
