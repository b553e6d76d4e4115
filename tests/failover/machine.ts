// A broker machine of a drill, as the process that runs in the machine's network namespace: starts the real broker, and does what it is
// told by its parent. Its first and only argument is what to start it with.
import { startMosquitto } from '../../lab/mosquitto.ts';
import type { RegistryEntry } from '../../provisioning/broker/registry.ts';

/** What a machine is started with. */
export interface MachineSettings {
  dir: string;
  port: number;
  registry: RegistryEntry[];
  certificateFile: string;
  keyFile: string;
}

/** What it can be told. It answers each with the same word. */
export type Order = 'save' | 'kill' | 'stop';

const { certificateFile, keyFile, ...settings }: MachineSettings = JSON.parse(process.argv[2]!);
const broker = await startMosquitto({
  ...settings,
  config: {
    // On every address of the namespace.
    listenAddress: undefined as never,
    // As on the machine, where save-state asks for each save.
    autosaveSeconds: 300,
  },
  configure: (text) =>
    text.replace(/^certfile .*/m, `certfile ${certificateFile}`).replace(/^keyfile .*/m, `keyfile ${keyFile}`),
});
process.on('message', async (order: Order) => {
  await broker[order]();
  process.send!(order);
});
process.send!('started');
