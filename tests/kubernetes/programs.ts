// The genuine programs that the manifests are held to, each built once from its Go modules: the API server with its store, and
// kube-score. And the definitions of the kinds that are not Kubernetes' own, from the modules of those who made them.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findGoProgram, NotBuilt } from '../../lab/go-program.ts';

const SERVER = join(import.meta.dirname, 'server');
const SCORE = join(import.meta.dirname, 'score');

/** Version of Kubernetes that the manifests are held to. */
export const KUBERNETES = versionIn(SERVER, 'k8s.io/kubernetes');

/** etcd and kube-apiserver: `server NAME ARGUMENTS`. @throws NotBuilt */
export function serverProgram(): Promise<string> {
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(KUBERNETES)!;
  const version = 'k8s.io/component-base/version';
  const set = { gitVersion: KUBERNETES, gitMajor: major, gitMinor: minor };
  return findGoProgram({
    name: 'kubernetes',
    module: SERVER,
    versionOf: 'k8s.io/kubernetes',
    package: '.',
    ldflags: () =>
      Object.entries(set)
        .map(([name, value]) => `-X ${version}.${name}=${value}`)
        .join(' '),
  });
}

/** kube-score. @throws NotBuilt */
export const scoreProgram = (): Promise<string> =>
  findGoProgram({
    name: 'kube-score',
    module: SCORE,
    versionOf: 'github.com/zegl/kube-score',
    package: 'github.com/zegl/kube-score/cmd/kube-score',
  });

/** Kinds that the manifests use beside Kubernetes' own: a module, its version and checksum, and its files. */
const DEFINITIONS = [
  {
    module: 'github.com/cert-manager/cert-manager@v1.21.2',
    sum: 'h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=',
    files: ['deploy/crds/cert-manager.io_certificates.yaml', 'deploy/crds/cert-manager.io_issuers.yaml'],
  },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    sum: 'h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=',
    files: ['prometheusrules', 'servicemonitors'].map(
      (kind) => `example/prometheus-operator-crd/monitoring.coreos.com_${kind}.yaml`,
    ),
  },
] as const;

/** Paths of their files, in Go's cache. @throws NotBuilt when they are not available, or not what they were. */
export function definitionFiles(): string[] {
  return DEFINITIONS.flatMap(({ module, sum, files }) => {
    const path = `${process.env.PATH}:/usr/local/go/bin`;
    let answer: string;
    try {
      answer = execFileSync('go', ['mod', 'download', '-json', module], {
        encoding: 'utf8',
        env: { ...process.env, PATH: path, GOFLAGS: '' },
      });
    } catch (error) {
      throw new NotBuilt(`${module} is not available: ${(error as Error).message}`);
    }
    const { Dir: folder, Sum: found } = JSON.parse(answer) as { Dir: string; Sum: string };
    if (found !== sum) throw new NotBuilt(`${module} is ${found}, not ${sum}`);
    return files.map((file) => join(folder, file));
  });
}

function versionIn(folder: string, module: string): string {
  const found = new RegExp(`${module} (v\\S+)`).exec(readFileSync(join(folder, 'go.mod'), 'utf8'));
  return found![1]!;
}
