// Which stacks run a workload, and so need a budget, alerts and logs.
import type { Resource } from '../resource.ts';
import { APP_SERVICE_PLAN, VIRTUAL_MACHINE, WEB_APP } from '../types.ts';

const WORKLOADS: readonly string[] = [VIRTUAL_MACHINE, APP_SERVICE_PLAN, WEB_APP];

/** True when the stack has a machine, a plan or an app. */
export function runsSomething(resources: Resource[]): boolean {
  return resources.some(({ type }) => WORKLOADS.includes(type));
}
