// Serves archived objects to those who have a signed link.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileNameOf, objectOfPath } from '../../domain/archive-link.ts';

/** Answers a GET or HEAD of a link that the run of the archive has made: 403 when it is not one or has ended, 404 when the object is gone. */
export async function serveArchived(request: Request, folder: string, linkKey: string): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return new Response(null, { status: 405 });
  const name = objectOfPath(new URL(request.url), linkKey);
  if (name === undefined) return new Response('This link has ended, or it is not complete.\n', { status: 403 });
  const file = await open(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return new Response('This file is no longer in the archive.\n', { status: 404 });
  const headers = {
    'content-type': 'application/vnd.apache.parquet',
    'content-length': String((await file.stat()).size),
    'content-disposition': `attachment; filename="${fileNameOf(name)}"`,
    'cache-control': 'private, no-store',
  };
  if (request.method === 'HEAD') {
    await file.close();
    return new Response(null, { headers });
  }
  return new Response(Readable.toWeb(file.createReadStream()) as ReadableStream, { headers });
}
