// Where ingest spends its CPU time: V8's sampling profiler over one run, by step of a message's way.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The parts, by functions of ours or of V8; a sample belongs to the innermost of them on its stack. */
const PARTS: Record<string, string[]> = {
  'garbage collection': ['(garbage collector)'],
  'JSON and its checks': ['readMessage', 'readPlainTime'],
  'identity, repeats': ['makeRow', '#isRepeat', 'keyOf', 'contentHash', 'get messageId'],
  'batch, registry, ledger': [
    'receive',
    'add',
    'settle',
    'closeAccount',
    'addTo',
    'addRows',
    'addToLedger',
    'onWritten',
  ],
  'packets, sockets': ['feed', 'readPublish', 'flush', 'onTurn', 'callback', 'onStreamRead', 'Socket.read'],
  'encoding rows': ['encodeRows'],
  'database protocol, acknowledgements': [
    'writeFast',
    'parse',
    '_write',
    'acknowledge',
    'query',
    'handleCopyInResponse',
  ],
  'start of the program': ['compileSourceTextModule', 'requireBuiltin', '__require', '__init', '__require2', 'loadESM'],
};
const IDLE = '(idle)';
const REST = "the rest, Node's own native code";

interface Profile {
  nodes: { id: number; callFrame: { functionName: string }; children?: number[] }[];
  samples: number[];
  timeDeltas: number[];
}

/** Prints each part's share of the time in which the program was not idle. @param folder holds one `.cpuprofile`. */
export function printProfile(folder: string): void {
  const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error(`${folder} holds no profile`);
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile;
  const partOf = classify(profile);
  const micros = new Map<string, number>();
  profile.samples.forEach((id, index) => {
    const part = partOf(id);
    micros.set(part, (micros.get(part) ?? 0) + (profile.timeDeltas[index] as number));
  });
  micros.delete(IDLE);
  const total = [...micros.values()].reduce((sum, value) => sum + value, 0);
  console.log("\nours: where the main thread's time goes\n");
  for (const [part, value] of [...micros].sort(([, a], [, b]) => b - a)) {
    console.log(`${part.padEnd(35)} ${((value / total) * 100).toFixed(0).padStart(3)} %`);
  }
}

function classify({ nodes }: Profile): (id: number) => string {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const parts = new Map(Object.entries(PARTS).flatMap(([part, names]) => names.map((name) => [name, part] as const)));
  const known = new Map<number, string>();
  const partOf = (id: number): string => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const name = byId.get(id)?.callFrame.functionName ?? '';
    const parent = parents.get(id);
    const part = name === IDLE ? IDLE : (parts.get(name) ?? (parent === undefined ? REST : partOf(parent)));
    known.set(id, part);
    return part;
  };
  return partOf;
}
