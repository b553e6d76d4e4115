// What Docker says of each container: no root, no capability, no writable file system, bounds; and no secret where others read.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICE_NAMES } from '../../provisioning/compose/project.ts';
import { SECRETS, type SecretName } from '../../provisioning/compose/secrets.ts';
import { must, run } from '../machine/process.ts';
import { OUTSIDER_ADDRESS, OUTSIDER_PORT } from './engine.ts';
import type { Rig } from './rig.ts';

/** Of `docker inspect`, what is looked at. */
interface Inspected {
  Name: string;
  Config: { User: string; Env: string[]; Cmd: string[] };
  HostConfig: {
    ReadonlyRootfs: boolean;
    CapDrop: string[] | null;
    CapAdd: string[] | null;
    SecurityOpt: string[] | null;
    Memory: number;
    PidsLimit: number | null;
    Privileged: boolean;
    RestartPolicy: { Name: string };
    LogConfig: { Config: Record<string, string> };
  };
}

/** Those that may reach others: ports are published on this network, and the worker calls webhooks and mail servers. */
const OUTGOING = ['broker', 'proxy', 'worker'];

/** Whether a container reaches the outsider, who listens. */
async function getsOut(service: string): Promise<boolean> {
  const id = (await must('docker', ['ps', '-q', '--filter', `label=com.docker.compose.service=${service}`])).trim();
  const words = `exec 3<>/dev/tcp/${OUTSIDER_ADDRESS}/${OUTSIDER_PORT}`;
  return (await run('docker', ['exec', id, 'timeout', '3', 'bash', '-c', words])).code === 0;
}

export async function hardened({ target }: Rig): Promise<string> {
  const ids = (await must('docker', ['ps', '--quiet'])).trim().split('\n');
  const text = await must('docker', ['inspect', ...ids]);
  const problems: string[] = [];
  const containers = JSON.parse(text) as Inspected[];
  for (const { Name, Config, HostConfig: host } of containers) {
    const expected: Record<string, boolean> = {
      'is root': !/^[1-9]\d+:[1-9]\d+$/.test(Config.User),
      'has a writable file system': !host.ReadonlyRootfs,
      'has capabilities': String(host.CapDrop) !== 'ALL' || (host.CapAdd ?? []).length > 0 || host.Privileged,
      'may get new privileges': !host.SecurityOpt?.includes('no-new-privileges:true'),
      'has no bound in memory': host.Memory === 0,
      'has no bound in processes': !host.PidsLimit,
      'does not come back': host.RestartPolicy.Name !== 'always',
      'has a log without a bound': host.LogConfig.Config['max-size'] === undefined,
    };
    for (const [what, isWrong] of Object.entries(expected)) if (isWrong) problems.push(`${Name} ${what}`);
  }
  const logs = (await Promise.all(ids.map((id) => must('sh', ['-c', `docker logs ${id} 2>&1`])))).join('');
  const commands = await must('sh', ['-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "']);
  const environments = await must('sh', ['-c', 'cat /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"']);
  for (const name of Object.keys(SECRETS) as SecretName[]) {
    if (SECRETS[name].reader === 'public') continue;
    const secret = readFileSync(join(target.secrets.folder, name), 'utf8').trim();
    // Of an address its password, of a key in PEM a line.
    const telling = /:([^:@/]{20,})@/.exec(secret)?.[1] ?? secret.split('\n')[1] ?? secret;
    for (const [where, there] of Object.entries({ text, logs, commands, environments }))
      if (telling !== '' && there.includes(telling)) problems.push(`${name} is in the ${where}`);
  }
  for (const service of SERVICE_NAMES) {
    const gotOut = await getsOut(service);
    if (gotOut !== OUTGOING.includes(service)) problems.push(`${service} ${gotOut ? 'gets' : 'does not get'} out`);
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return `${containers.length} containers`;
}
