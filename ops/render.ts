// `ops render`: the platform as a Compose project, or as Kubernetes' manifests, in a folder.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { build, type Plugin } from 'esbuild';
import { freshDashboard } from '../apps/dashboard/build.ts';
import { ensurePackages } from '../bootstrap/packages.mjs';
import { ROOT } from '../bootstrap/root.mjs';
import { SOURCES_FILE } from '../provisioning/compose/host/firewall.ts';
import { type Release, renderCompose } from '../provisioning/compose/render.ts';
import { MIGRATIONS_FOLDER } from '../provisioning/database/migrations.ts';
import { freshFunctions } from '../provisioning/functions/build.ts';
import { renderKubernetes } from '../provisioning/kubernetes/render.ts';
import { readSettings, type Settings } from '../provisioning/kubernetes/settings.ts';
import type { ArchiveFile } from '../provisioning/machine/bundle/archive.ts';
import { DEFAULT_FOLDER, Project } from './compose/project.ts';
import { ensureSecrets } from './kubernetes/secrets.ts';

/** The `render` command. */
export function renderCommand(): Command {
  return new Command('render')
    .description('the platform for another place than Azure, as files')
    .addCommand(
      new Command('compose')
        .description('a Compose project for one host: docs/on-premises.md')
        .option('--out <folder>', 'where it is written; .env and secrets/ there are left alone', DEFAULT_FOLDER)
        .action(async ({ out }: { out: string }) => {
          const id = await renderInto(resolve(out));
          console.log(`release ${id} is in ${out}. Next: npm run ops -- compose start --target compose:${out}`);
        }),
    )
    .addCommand(
      new Command('kubernetes')
        .description('manifests for one cluster, and what its images are built from: docs/kubernetes.md')
        .requiredOption('--out <folder>', 'where settings.yaml is, such as dist/kubernetes/staging')
        .option('--without-image', 'only the manifests: the images are built already')
        .action(async ({ out, withoutImage }: { out: string; withoutImage?: true }) => {
          const image = withoutImage ? undefined : renderCompose(await appFiles());
          const made = await renderManifests(resolve(out), image);
          if (made.length > 0) console.log(`made in ${join(out, 'secrets')}: ${made.join(', ')}`);
          if (image)
            console.log(
              `release ${image.id}: build its images from ${join(out, 'image')}, and name them in settings.yaml`,
            );
          console.log(`manifests are in ${out}: docs/kubernetes.md says how to apply them`);
        }),
    );
}

/** Writes a release, whole or not at all, and makes it the latest. @returns its id. */
export async function renderInto(folder: string): Promise<string> {
  const release = renderCompose(await appFiles());
  const place = join(folder, 'releases', release.id);
  if (!existsSync(place)) writeRelease(release, place);
  const example = join(ROOT, 'provisioning/compose/compose.env.example');
  writeFileSync(join(folder, '.env.example'), readFileSync(example));
  new Project(folder).link('latest', release.id);
  return release.id;
}

/**
 * Writes the manifests of the folder's settings.yaml, and makes the secrets that are missing.
 * @param release whose images are to be built; undefined: they are left as they are.
 * @returns names of the secrets that were made.
 * @throws Error that says what to fill in.
 */
export async function renderManifests(folder: string, release?: Release): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'settings.yaml');
  if (!existsSync(file)) {
    copyFileSync(join(ROOT, 'provisioning/kubernetes/settings.example.yaml'), file);
    throw new Error(`made ${file}: fill it in, then run this again`);
  }
  let settings: Settings;
  try {
    settings = readSettings(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`);
  }
  const made = await ensureSecrets(folder, settings);
  for (const [name, text] of Object.entries(renderKubernetes(settings))) writeFileSync(join(folder, name), text);
  if (release) {
    const image = join(folder, 'image');
    rmSync(`${image}.new`, { recursive: true, force: true });
    writeImage(release, `${image}.new`);
    rmSync(image, { recursive: true, force: true });
    renameSync(`${image}.new`, image);
  }
  return made;
}

/** Writes a release, whole or not at all. */
export function writeRelease(release: Release, place: string): void {
  const beside = `${place}.new`;
  rmSync(beside, { recursive: true, force: true });
  writeImage(release, join(beside, 'image'));
  writeFileSync(join(beside, 'compose.yaml'), release.compose);
  writeFileSync(join(beside, SOURCES_FILE), release.sources);
  renameSync(beside, place);
}

/** Images keep the modes of folders and files, and containers read them as other users than who renders, whatever that one's umask is. */
function writeImage({ image }: Release, folder: string): void {
  const umask = process.umask(0o022);
  try {
    for (const { path, content, executable } of image) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content, { mode: executable ? 0o755 : 0o644 });
    }
  } finally {
    process.umask(umask);
  }
}

/** What the app's image holds: the built functions, dashboard and front door, and this Node. */
async function appFiles(): Promise<ArchiveFile[]> {
  // The archive's DuckDB, and what builds the dashboard.
  await ensurePackages('all');
  if (process.platform !== 'linux') throw new Error('the images take Node from this machine: render on Linux');
  const functions = await freshFunctions();
  const dashboard = freshDashboard();
  return [
    ...filesIn(functions, 'functions'),
    ...filesIn(dashboard, 'dashboard'),
    { path: 'front-door.mjs', content: await bundle('local/front-door/main.ts'), executable: false },
    { path: 'nightly.mjs', content: await bundle('ops/compose/nightly.ts'), executable: false },
    { path: 'job.mjs', content: await bundle('ops/kubernetes/job.ts'), executable: false },
    fileOf('facts.sql', 'ops/backup/facts.sql'),
    // Programs in one file look for these beside themselves.
    ...['bootstrap.sql', 'objects.sql', 'objects.json'].map((name) => fileOf(name, `provisioning/database/${name}`)),
    ...filesIn(MIGRATIONS_FOLDER, 'supabase/migrations'),
    fileOf('health.mjs', 'provisioning/compose/health.mjs'),
    ...DUCKDB.flatMap((name) => filesIn(join(ROOT, 'node_modules', name), `node_modules/${name}`)),
    { path: 'bin/node', content: readFileSync(process.execPath), executable: true },
  ];
}

/** What writes the archive: a native binding cannot be bundled. */
const DUCKDB = ['@duckdb/node-api', '@duckdb/node-bindings', `@duckdb/node-bindings-linux-${process.arch}`];

const fileOf = (path: string, source: string): ArchiveFile => ({
  path,
  content: readFileSync(join(ROOT, source)),
  executable: false,
});

/** In an image everything is installed already. */
const INSTALLED: Plugin = {
  name: 'installed',
  setup: ({ onLoad }) => {
    onLoad({ filter: /bootstrap\/packages\.mjs$/ }, () => ({
      contents: 'export const ensurePackages = async () => {};',
    }));
  },
};

/** A program with everything that it imports, in one file. */
async function bundle(entry: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    external: ['@duckdb/*', '@azure/*', 'pg-native'],
    plugins: [INSTALLED],
    // CommonJS packages ask for Node's modules with require(), which an ES module lacks.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    legalComments: 'none',
    logLevel: 'warning',
  });
  return outputFiles[0]!.contents;
}

function filesIn(folder: string, as: string): ArchiveFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile())
    .map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return { path: `${as}/${relative(folder, path)}`, content: readFileSync(path), executable: false };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
