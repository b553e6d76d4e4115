// The machine's packages: what the configuration leaves open on the image, and what the machine said at its last deployment.
import { namesFor } from '../../components/placement.ts';
import { PATHS } from '../../provisioning/machine/bundle/paths.ts';
import { IMAGE, openHoles, type PackageRow } from '../../provisioning/machine/package-floors.ts';
import { adoptedNames } from '../../stacks/adoption/plan.ts';
import { NAMESPACE, type StackConfig, setCommand } from '../../stacks/configuration/parse.ts';
import { brokerBundle } from '../../stacks/profiles/machine/bundle.ts';
import { azure } from './azure.ts';
import { type Check, type Finding, failed, ok, unknown, warning } from './finding.ts';
import { run } from './run.ts';

const CHECK = 'packages';
/** What check-machine's lines begin with; broker-apply shows them. */
const SAID =
  /^broker-apply: ((?:BELOW THE FLOOR|NO SECURITY UPGRADES|RESTART DUE|NOT ACTIVE|REBOOT DUE|NOT CHECKED): .*)$/gm;

/** What is known before a deployment: the image's archive ends below a floor, and nothing else covers the hole. */
export function examinePackages(config: StackConfig, holes = openHoles(brokerConfigOf(config))): Finding {
  if (config.ubuntuPro) return ok(CHECK, 'the machine is attached to Ubuntu Pro');
  const set = `${setCommand('ubuntuPro', config.environment)} (free for five machines of a person)`;
  if (holes.length > 0) {
    const what = ({ name, beyond, hole, reach }: PackageRow) =>
      `${IMAGE} has ${name} ${beyond?.[IMAGE]} (${hole}; open to ${reach})`;
    return failed(CHECK, `${holes.map(what).join('; ')}: the machine will not go live`, set);
  }
  return warning(CHECK, 'mosquitto, certbot and fail2ban are in universe: no security updates without Ubuntu Pro', set);
}

/** The rendered mosquitto.conf. The addresses that it is not about stand for themselves. */
function brokerConfigOf(config: StackConfig): string {
  const url = 'https://example.invalid';
  const args = { vault: { uri: url }, storage: { brokerStateUrl: url }, bundles: { url }, functionAppUrl: url };
  const { files } = brokerBundle({ config, ingress: [], brokerHost: 'example.invalid', ...args });
  return Buffer.from(files.find(({ path }) => path === 'mosquitto.conf')?.content ?? '').toString();
}

/** What the machine found, by the output of the deployment's run command. @param subscription id of the one signed in to. */
export const machineCheck = (config: StackConfig, subscription: string): Check =>
  azure('machine', async (check) => {
    const { environment, nameSuffix: suffix, adoption } = config;
    const names = adoptedNames(namesFor({ project: NAMESPACE, environment, suffix }), adoption);
    const vm = `/subscriptions/${subscription}/resourceGroups/${names.own('rg')}/providers/Microsoft.Compute/virtualMachines/${names.own('vm')}`;
    const url = `${vm}/runCommands/broker-apply?$expand=instanceView&api-version=2024-07-01`;
    const query = ['--query', 'properties.instanceView.output', '--output', 'json'];
    const answer = await run('az', ['rest', '--method', 'get', '--url', url, ...query]);
    if (answer.kind === 'refused' && /NotFound/.test(answer.stderr)) return ok(check, 'not deployed yet');
    if (answer.kind !== 'done') return unknown(check, 'the run command broker-apply could not be read');
    return judgeOutput(check, String(JSON.parse(answer.stdout) ?? ''), environment);
  });

/** @param output what broker-apply printed at the last deployment: Azure keeps its last 4 KiB. */
export function judgeOutput(check: string, output: string, stack: string): Finding {
  const lines = [...output.matchAll(SAID)].map(([, line]) => line as string);
  if (lines.length === 0) return ok(check, 'it found nothing wrong with its packages and units at its last deployment');
  const look = `sudo ${PATHS.current}/bin/check-machine.py`;
  const remedy = `docs/machine.md, "Packages"; then pulumi up --stack ${stack}, or ${look} on the machine`;
  return warning(check, lines.join('; '), remedy);
}
