// gRPC services on loopback, as the engine's plugins offer them.
import type { ServiceDefinition, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';

/** Pulumi's own bound on a message, in bytes. */
export const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

export interface Serving {
  port: number;
  close(): void;
}

/** Listens on a free port. */
export async function serve(service: ServiceDefinition, handlers: UntypedServiceImplementation): Promise<Serving> {
  const server = new Server({ 'grpc.max_receive_message_length': MAX_MESSAGE_BYTES });
  server.addService(service, handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, close: () => server.forceShutdown() };
}

/** A method that answers when it can; what it throws is the answer's error, with its `code` where it has one. */
export function answer<Request, Response>(respond: (request: Request) => Response | Promise<Response>) {
  return async (call: { request: Request }, done: sendUnaryData<Response>) => {
    try {
      done(null, await respond(call.request));
    } catch (error) {
      const { code, message } = error as Error & { code?: unknown };
      done({ code: typeof code === 'number' ? code : status.UNKNOWN, details: message });
    }
  };
}
