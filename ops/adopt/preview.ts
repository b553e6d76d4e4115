// The offline preview; first installs the packages of the cloud SDKs, which no other command of ops needs.
import { ensurePackages } from '../../bootstrap/packages.mjs';
import type { Preview, PreviewOptions } from '../../preview/preview.ts';

/** See preview/preview.ts. */
export async function preview(options: PreviewOptions): Promise<Preview> {
  await ensurePackages('all');
  return (await import('../../preview/preview.ts')).preview(options);
}
