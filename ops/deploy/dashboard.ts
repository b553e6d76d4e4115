// Uploads the dashboard to Cloudflare Pages: built here, with the variables of its environment.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeHeaders } from '../../apps/dashboard/headers.ts';

const ROOT = join(import.meta.dirname, '../..');
const DASHBOARD = join(ROOT, 'apps/dashboard');
const SITE = join(ROOT, 'dist/dashboard');

/** Where the site is deployed. */
export interface Site {
  /** Cloudflare's id of the account. */
  account: string;
  /** Name of the Pages project. */
  project: string;
  branch: string;
}

/** Prefix of the site's variables in this process's environment; the site gets them without it. */
const PREFIX = 'SITE_';

/** @throws Error that says what to do. */
export async function deployDashboard(site: Site, env = process.env): Promise<void> {
  if (!env.CLOUDFLARE_API_TOKEN) {
    throw new Error(
      'CLOUDFLARE_API_TOKEN is not set: a token that may edit Cloudflare Pages of the account, see docs/reference/configuration.md',
    );
  }
  run([join(DASHBOARD, 'build.ts')], { cwd: ROOT, env });
  upload(site, { dashboard: DASHBOARD, files: SITE }, env);
  console.log(`${site.project} shows the dashboard`);
}

/**
 * Uploads a build.
 * @param from the dashboard's folder, with wrangler.jsonc and the Pages Functions, and the folder with its files.
 */
export function upload(site: Site, from: { dashboard: string; files: string }, env: NodeJS.ProcessEnv): void {
  // Wrangler reads variables only from its configuration, so each environment needs its own.
  const folder = mkdtempSync(join(tmpdir(), 'dashboard-'));
  try {
    const common = JSON.parse(
      readFileSync(join(from.dashboard, 'wrangler.jsonc'), 'utf8').replace(/^\s*\/\/.*$/gm, ''),
    );
    const vars = variables(env);
    const files = join(folder, 'site');
    cpSync(from.files, files, { recursive: true });
    // The site as built may reach only its own origin. Here the API has another one, which the Content-Security-Policy must allow.
    if (vars.SUPABASE_URL) writeHeaders(files, { apiOrigins: [new URL(vars.SUPABASE_URL).origin] });
    const own = { name: site.project, pages_build_output_dir: files, vars };
    // A copy in the repository's layout: wrangler cannot compile the functions through a link, and they import from domain.
    const project = join(folder, 'apps/dashboard');
    cpSync(join(from.dashboard, 'functions'), join(project, 'functions'), { recursive: true });
    cpSync(join(ROOT, 'domain'), join(folder, 'domain'), { recursive: true });
    writeFileSync(join(project, 'wrangler.json'), JSON.stringify({ ...common, ...own }));
    const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js');
    const target = ['--project-name', site.project, '--branch', site.branch, '--commit-dirty', 'true'];
    run([wrangler, 'pages', 'deploy', ...target], {
      cwd: project,
      env: { ...env, CLOUDFLARE_ACCOUNT_ID: site.account, WRANGLER_SEND_METRICS: 'false', CI: 'true' },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function variables(env: NodeJS.ProcessEnv): Record<string, string | undefined> {
  const own = Object.entries(env).filter(([name]) => name.startsWith(PREFIX));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(PREFIX.length), value]));
}

function run(args: string[], { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv }): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the dashboard was not deployed:\n${`${stdout}${stderr}`.trim()}`);
}
