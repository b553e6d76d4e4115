// A machine that an earlier release made takes today's bundle as docs/upgrade.md says. `--from COMMIT` boots such a machine.
import { readFileSync } from 'node:fs';
import { makeTestBundle, publishBundle } from '../environment.ts';
import { type Check, expect } from '../machine.ts';
import { logins, untilLetIn, untilRegistryIsInForce } from '../mqtt.ts';
import { apply, first, upload } from './bundle.ts';
import { drain, queue } from './durability.ts';

/** The command of docs/upgrade.md for a machine from before the gate. */
function documentedCommand(hash: string): string {
  const page = readFileSync(new URL('../../../docs/upgrade.md', import.meta.url), 'utf8');
  const [, command = ''] = /^ {4}ssh azureuser@HOST sudo (.*activate-release.*)$/m.exec(page) ?? [];
  return command.replaceAll('HASH', hash);
}

export const checks: Check[] = [
  {
    name: 'a machine of an earlier release takes today’s, and loses nothing that is queued',
    disturbs: true,
    run: async (machine) => {
      const { exec } = machine;
      const bundle = makeTestBundle();
      expect(first(machine) !== bundle.hash, 'the machine is of today’s release: give --from COMMIT');
      await drain(machine);
      const queued = await queue(machine, 100, 'former');
      let answer = await apply(machine, upload(machine, bundle));
      const refusal = answer.code === 0 ? undefined : answer.stdout;
      if (refusal) {
        expect(refusal.includes(`REFUSED: ${bundle.hash}`), `it ended with ${answer.code}:\n${refusal}`);
        const own = await exec(documentedCommand(bundle.hash), { timeoutMs: 180_000 });
        expect(own.code === 0, `the documented command ended with ${own.code}:\n${own.stdout}${own.stderr}`);
        answer = await apply(machine, bundle.hash);
      }
      expect(answer.stdout.split('\n').includes(`IN FORCE: ${bundle.hash}`), answer.stdout + answer.stderr);
      publishBundle(machine.services, bundle);
      await untilRegistryIsInForce(machine);
      await untilLetIn(machine, logins(machine).globex);
      await queue(machine, 1, 'today').then((more) => queued.push(...more));
      await machine.power.reboot();
      const left = await drain(machine);
      const lost = queued.filter((payload) => !left.has(payload)).length;
      expect(lost === 0, `${lost} of ${queued.length} acknowledged messages are lost`);
      const { stdout: failed } = await exec('systemctl --failed --no-legend --plain');
      expect(failed === '', failed);
      return refusal ? `after ${/REFUSED: \w+: (.{0,110})/.exec(refusal)?.[1]}` : 'at once';
    },
  },
];
