// Runs a policy pack for the engine. The SDK's runner takes the stack's configuration from its environment, which the engine tells
// only later, by ConfigureStack: so a service stands between, as in the genuine language host (sdk/nodejs/cmd/pulumi-language-nodejs
// in pulumi/pulumi), and starts the runner then.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { MethodDefinition, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { Client, credentials, status } from '@grpc/grpc-js';
import analyzerRpc from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import type * as types from '@pulumi/pulumi/proto/analyzer_pb.js';
import analyzer from '@pulumi/pulumi/proto/analyzer_pb.js';
import type { RunPluginRequest, RunPluginResponse } from '@pulumi/pulumi/proto/language_pb.js';
import messages from '@pulumi/pulumi/proto/language_pb.js';
import { answer, MAX_MESSAGE_BYTES, serve } from './serve.ts';

type Call = ServerWritableStream<RunPluginRequest, RunPluginResponse>;
type Unary = MethodDefinition<object, object>;

/** The service with messages as they travel: what is only passed on is not read. */
const METHODS = Object.entries(analyzerRpc.AnalyzerService) as unknown as [string, Unary][];
const asIs = (bytes: Buffer) => bytes;
const SERVICE = Object.fromEntries(
  METHODS.map(([name, method]) => [name, { ...method, requestDeserialize: asIs, responseSerialize: asIs }]),
);

/** Path of one of the SDK's programs, looked up from a folder as the genuine host does. */
export const sdkProgram = (path: string, folder: string) =>
  createRequire(join(folder, 'package.json')).resolve(`@pulumi/pulumi/${path}`);

/** Answers with what the pack prints, its first line being the port. Ends with the pack, or when the engine hangs up. */
export async function runPack(call: Call, env: NodeJS.ProcessEnv, print: (chunk: string) => void): Promise<void> {
  const started = Promise.withResolvers<Client>();
  started.promise.catch(() => {});
  const forward =
    ({ path }: Unary) =>
    (inner: { request: Buffer }, done: sendUnaryData<Buffer>) =>
      started.promise.then((pack) => pack.makeUnaryRequest(path, asIs, asIs, inner.request, done), done);
  let child: ReturnType<typeof startRunner> | undefined;
  const configureStack = answer(async (bytes: Buffer) => {
    child = startRunner(call.request, analyzer.AnalyzerStackConfigureRequest.deserializeBinary(bytes), env);
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
    started.resolve(new Client(address, credentials.createInsecure(), limits));
    return Buffer.from(new analyzer.AnalyzerStackConfigureResponse().serializeBinary());
  });
  const handshake = answer((): Buffer => {
    throw Object.assign(new Error('no handshake'), { code: status.UNIMPLEMENTED });
  });
  const forwards = Object.fromEntries(METHODS.map(([name, method]) => [name, forward(method)]));
  const serving = await serve(SERVICE, { ...forwards, handshake, configureStack });
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
