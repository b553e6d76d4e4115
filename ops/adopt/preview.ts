// The offline preview, and before it the packages of the cloud SDKs: no other command of ops needs them.
import { ensurePackages } from '../../bootstrap/packages.mjs';
import { Progress } from '../../bootstrap/progress.mjs';
import type { Preview, PreviewOptions } from '../../preview/preview.ts';

/** See preview/preview.ts. */
export async function preview(options: PreviewOptions): Promise<Preview> {
  const progress = new Progress(process.stderr);
  await ensurePackages('all', progress);
  progress.done();
  return (await import('../../preview/preview.ts')).preview(options);
}
