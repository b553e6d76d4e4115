// How the dashboard is built: static files that any host serves. See build.ts for what happens around it.
import { join } from 'node:path';
import type { NextConfig } from 'next';

const config: NextConfig = {
  output: 'export',
  // Types are checked by `npm run check`, with the rest of the repository.
  typescript: { ignoreBuildErrors: true },
  turbopack: { root: join(import.meta.dirname, '../..') },
  // A hash of the sources: the same sources give the same files, and a page left open notices a newer build.
  generateBuildId: () => process.env.DASHBOARD_BUILD_ID ?? 'development',
  experimental: { optimizePackageImports: ['lucide-react'] },
};

export default config;
