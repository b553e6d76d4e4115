// Reads a body that a stranger sends: no more than is allowed.

/** The body had more than that. */
export class TooLong extends Error {
  override name = 'TooLong';
}

/** The text of a body. @throws TooLong, when there is more; what the stream fails with. */
export async function readBounded(body: ReadableStream<Uint8Array> | null, mostBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (body) {
    // Leaving the loop cancels the stream.
    for await (const chunk of body as AsyncIterable<Uint8Array> & ReadableStream<Uint8Array>) {
      size += chunk.byteLength;
      if (size > mostBytes) throw new TooLong(`the body is longer than ${mostBytes} bytes`);
      chunks.push(chunk);
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}
