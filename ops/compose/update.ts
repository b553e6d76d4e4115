// Another release in the place of the one that runs; the former one again when that is not healthy.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { imageOf, SERVICE_NAMES, TARGETS } from '../../provisioning/compose/project.ts';
import type { ComposeTarget } from '../target/target.ts';
import { untilHealthy } from './health.ts';
import { docker } from './project.ts';
import { loadSources } from './sources.ts';
import { buildImages, prepare, prepareFolder } from './start.ts';

/**
 * Puts the latest rendered release into force. Migrations are applied before and stay: the former release works with them, too.
 * @param patienceS how long its containers may take to become healthy.
 * @throws Error when it does not become healthy; the former one runs again.
 */
export async function updateProject(
  target: ComposeTarget,
  patienceS: number,
  log: (line: string) => void,
): Promise<void> {
  const { project } = target;
  const latest = project.release('latest');
  const current = project.release('current');
  if (latest === undefined || current === undefined)
    throw new Error(`${project.folder} has nothing to update: npm run ops -- render compose, then compose start`);
  if (latest === current) {
    log(`${current} is in force already: render a newer one first (npm run ops -- render compose)`);
    return;
  }
  await prepareFolder(target, log);
  buildImages(target, latest, log);
  await prepare(target, log);
  await switchTo(target, latest, patienceS, log);
  forgetOthers(target, log);
}

/** Puts the release that was in force before into force again. @throws Error when there is none, or it is not healthy. */
export async function rollBack(target: ComposeTarget, patienceS: number, log: (line: string) => void): Promise<void> {
  const former = target.project.release('former');
  if (former === undefined || former === target.project.release('current'))
    throw new Error('there is no former release to go back to');
  buildImages(target, former, log);
  await switchTo(target, former, patienceS, log);
}

/** @throws Error when the release does not become healthy; the former one runs again then. */
async function switchTo(
  target: ComposeTarget,
  release: string,
  patienceS: number,
  log: (line: string) => void,
): Promise<void> {
  const { project } = target;
  const before = project.release('current')!;
  const former = project.release('former');
  log(`putting ${release} in the place of ${before}`);
  // First, so that there is a way back when this is cut short.
  project.link('former', before);
  project.link('current', release);
  try {
    project.compose(['up', '-d', '--remove-orphans']);
    await untilHealthy(SERVICE_NAMES, patienceS);
    log(loadSources(target));
  } catch (error) {
    log(`${release} is not healthy, putting ${before} back`);
    project.link('current', before);
    if (former !== undefined) project.link('former', former);
    project.compose(['up', '-d', '--remove-orphans']);
    await untilHealthy(SERVICE_NAMES);
    throw new Error(`${release} was not put into force, ${before} runs: ${(error as Error).message}`);
  }
  log(`${release} is in force`);
}

/** Releases that are neither in force nor the former or the latest one go, with their images. */
function forgetOthers({ project }: ComposeTarget, log: (line: string) => void): void {
  const kept = new Set((['current', 'former', 'latest'] as const).map((link) => project.release(link)));
  const folder = join(project.folder, 'releases');
  for (const release of existsSync(folder) ? readdirSync(folder) : []) {
    if (kept.has(release)) continue;
    for (const target of TARGETS) {
      const image = imageOf(target, release);
      if (docker(['image', 'ls', '--quiet', image]).trim() !== '') docker(['image', 'rm', image]);
    }
    rmSync(join(folder, release), { recursive: true, force: true });
    log(`${release} and its images are gone`);
  }
}
