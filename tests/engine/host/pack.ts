// Runs a policy pack for the engine. The SDK's runner takes the stack's configuration from its environment, which the engine tells
// only later, by ConfigureStack: so a service stands between, as in the genuine language host (sdk/nodejs/cmd/pulumi-language-nodejs
// in pulumi/pulumi), and starts the runner then.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { credentials, type ServerWritableStream, type ServiceError, status } from '@grpc/grpc-js';
import analyzerRpc from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import type * as types from '@pulumi/pulumi/proto/analyzer_pb.js';
import analyzer from '@pulumi/pulumi/proto/analyzer_pb.js';
import type { RunPluginRequest, RunPluginResponse } from '@pulumi/pulumi/proto/language_pb.js';
import messages from '@pulumi/pulumi/proto/language_pb.js';
import { answer, MAX_MESSAGE_BYTES, serve } from './serve.ts';

type Call = ServerWritableStream<RunPluginRequest, RunPluginResponse>;
type Done = (error: ServiceError | null, value?: unknown) => void;
type Client = Record<string, (request: unknown, done: Done) => void>;

/** Path of one of the SDK's programs, looked up from a folder as the genuine host does. */
export const sdkProgram = (path: string, folder: string) =>
  createRequire(join(folder, 'package.json')).resolve(`@pulumi/pulumi/${path}`);

/** Answers with what the pack prints, its first line being the port. Ends with the pack, or when the engine hangs up. */
export async function runPack(call: Call, env: NodeJS.ProcessEnv, print: (chunk: string) => void): Promise<void> {
  const started = Promise.withResolvers<Client>();
  started.promise.catch(() => {});
  const forward = (method: string) => (inner: { request: unknown }, done: Done) =>
    started.promise.then((pack) => pack[method]!(inner.request, done), done);
  const handlers = Object.fromEntries(
    Object.keys(analyzerRpc.AnalyzerService).map((method): [string, unknown] => [method, forward(method)]),
  );
  handlers.handshake = (_: unknown, done: Done) =>
    done({ code: status.UNIMPLEMENTED, details: 'no handshake' } as ServiceError);
  let child: ReturnType<typeof startRunner> | undefined;
  handlers.configureStack = answer(async (request: types.AnalyzerStackConfigureRequest) => {
    child = startRunner(call.request, request, env);
    child.stderr.on('data', (chunk) => {
      print(String(chunk));
      call.write(new messages.RunPluginResponse().setStderr(chunk));
    });
    child.on('exit', (code) => {
      started.reject(new Error(`the policy pack ended with exit code ${code}`));
      end(code ?? 1);
    });
    const lines = createInterface({ input: child.stdout });
    const address = await Promise.race([
      new Promise<string>((resolve) => lines.once('line', (port) => resolve(`127.0.0.1:${port}`))),
      started.promise.then(() => ''),
    ]);
    lines.on('line', (line) => {
      print(`${line}\n`);
      call.write(new messages.RunPluginResponse().setStdout(Buffer.from(`${line}\n`)));
    });
    const limits = { 'grpc.max_receive_message_length': MAX_MESSAGE_BYTES };
    started.resolve(new analyzerRpc.AnalyzerClient(address, credentials.createInsecure(), limits) as unknown as Client);
    return new analyzer.AnalyzerStackConfigureResponse();
  });
  // biome-ignore lint/suspicious/noExplicitAny: the handlers are those of the service's own list
  const serving = await serve(analyzerRpc.AnalyzerService as any, handlers as any);
  let hasEnded = false;
  function end(code: number) {
    if (hasEnded) return;
    hasEnded = true;
    serving.close();
    if (!call.cancelled) call.write(new messages.RunPluginResponse().setExitcode(code));
    call.end();
  }
  call.on('cancelled', () => {
    child?.kill();
    end(0);
  });
  call.write(new messages.RunPluginResponse().setStdout(Buffer.from(`${serving.port}\n`)));
}

function startRunner(plugin: RunPluginRequest, stack: types.AnalyzerStackConfigureRequest, env: NodeJS.ProcessEnv) {
  const folder = plugin.getInfo()!.getProgramDirectory();
  const given = plugin.getEnvList().map((line) => {
    const [name = '', ...value] = line.split('=');
    return [name, value.join('=')];
  });
  return spawn(
    process.execPath,
    [sdkProgram('cmd/run-policy-pack/index.js', folder), ...plugin.getArgsList(), folder],
    {
      cwd: folder,
      env: {
        ...Object.fromEntries(given),
        ...env,
        PULUMI_NODEJS_ORGANIZATION: stack.getOrganization(),
        PULUMI_NODEJS_PROJECT: stack.getProject(),
        PULUMI_NODEJS_STACK: stack.getStack(),
        PULUMI_NODEJS_DRY_RUN: String(stack.getDryRun()),
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(stack.getConfigMap().toArray())),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
}
