// The Node language host of Pulumi's engine, as small as it can be: it starts the SDK's own runners (cmd/run, cmd/run-policy-pack)
// and nothing else. The engine attaches to it through PULUMI_DEBUG_LANGUAGES. Where PATH has the genuine one, that is used.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import rpc from '@pulumi/pulumi/proto/language_grpc_pb.js';
import type * as types from '@pulumi/pulumi/proto/language_pb.js';
import messages from '@pulumi/pulumi/proto/language_pb.js';
import plugins from '@pulumi/pulumi/proto/plugin_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { COMPILE_CACHE } from '../../../bootstrap/root.mjs';
import { LOGGED_ERROR } from '../../../preview/program.ts';
import { runPack, sdkProgram } from './pack.ts';
import { answer, type Serving, serve } from './serve.ts';

export interface LanguageHost extends Serving {
  /** What programs and policy packs printed by themselves since it was asked last. */
  takeOutput(): string;
}

/** Where it runs. */
export interface LanguageHostOptions {
  /** Of the programs. Default: this process' own. */
  env: NodeJS.ProcessEnv;
  /** The packages whose providers a program needs: the engine loads them before it runs the program. */
  packages: string[];
}

export async function startLanguageHost({ env, packages }: LanguageHostOptions): Promise<LanguageHost> {
  let engine = '';
  const output: string[] = [];
  const print = (chunk: Buffer | string) => output.push(String(chunk));
  const nodeEnv = { NODE_COMPILE_CACHE: COMPILE_CACHE, ...env };
  const serving = await serve(rpc.LanguageRuntimeService, {
    handshake: answer((request: types.LanguageHandshakeRequest) => {
      engine = request.getEngineAddress();
      return new messages.LanguageHandshakeResponse();
    }),
    getPluginInfo: answer(() => new plugins.PluginInfo().setVersion('1.0.0')),
    getRequiredPackages: answer((request: types.GetRequiredPackagesRequest) =>
      new messages.GetRequiredPackagesResponse().setPackagesList(
        dependencies(packages, request.getInfo()!.getProgramDirectory()),
      ),
    ),
    about: answer(() => new messages.AboutResponse().setExecutable(process.execPath)),
    getProgramDependencies: answer(() => new messages.GetProgramDependenciesResponse()),
    runtimeOptionsPrompts: answer(() => new messages.RuntimeOptionsResponse()),
    cancel: answer(() => new empty.Empty()),
    run: answer((request: types.RunRequest) => runProgram(request, engine, nodeEnv, print)),
    runPlugin: (call: Parameters<typeof runPack>[0]) => runPack(call, nodeEnv, print),
  });
  return { ...serving, takeOutput: () => output.splice(0).join('') };
}

/** The npm package of a provider. */
export const packageOf = (provider: string): string =>
  provider === 'proxmoxve' ? '@muhlba91/pulumi-proxmoxve' : `@pulumi/${provider}`;

/** One that the program's folder cannot find is none of its packages. */
function dependencies(names: string[], folder: string): plugins.PackageDependency[] {
  const require = createRequire(join(folder, 'package.json'));
  return names.flatMap((name) => {
    try {
      const { version } = require(`${packageOf(name)}/package.json`) as { version: string };
      return [new plugins.PackageDependency().setName(name).setKind('resource').setVersion(`v${version}`)];
    } catch {
      return [];
    }
  });
}

function runProgram(
  request: types.RunRequest,
  engine: string,
  env: NodeJS.ProcessEnv,
  print: (chunk: Buffer) => void,
): Promise<types.RunResponse> {
  const info = request.getInfo()!;
  const options = (info.getOptions()?.toJavaScript() ?? {}) as { typescript?: boolean; nodeargs?: string };
  const args = [
    ...(options.nodeargs ?? '').split(' ').filter(Boolean),
    sdkProgram('cmd/run/index.js', info.getProgramDirectory()),
    `--monitor=${request.getMonitorAddress()}`,
    `--engine=${engine}`,
    `--organization=${request.getOrganization()}`,
    `--project=${request.getProject()}`,
    `--stack=${request.getStack()}`,
    `--root-directory=${info.getRootDirectory()}`,
    `--pwd=${request.getPwd()}`,
    `--parallel=${request.getParallel()}`,
    ...(request.getDryrun() ? ['--dry-run'] : []),
    info.getEntryPoint(),
  ];
  const child = spawn(process.execPath, args, {
    cwd: request.getPwd(),
    env: {
      ...env,
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      PULUMI_NODEJS_TYPESCRIPT: String(options.typescript ?? true),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.on('data', print);
  child.stderr.on('data', print);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const response = new messages.RunResponse();
      if (code === LOGGED_ERROR) response.setBail(true);
      else if (code !== 0) response.setError(`the program ended with exit code ${code}`);
      resolve(response);
    });
  });
}
