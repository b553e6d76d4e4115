// Starts the platform that all of these tests use, and stops it.
import type { TestProject } from 'vitest/node';
import { type DashboardPlatform, startDashboardPlatform } from './platform.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    platform: DashboardPlatform;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { platform, stop } = await startDashboardPlatform('e2e');
  project.provide('platform', platform);
  return stop;
}
