// Inside the namespaces: makes the world, boots the machine, runs the checks. Started by main.ts only.
import type { BootedMachine } from './boot.ts';
import type { Job } from './job.ts';
import type { Machine } from './machine.ts';
import { letIngestComeBy, untilRegistryIsInForce } from './mqtt.ts';
import { type Listed, makePlan, type Plan } from './plan.ts';
import { prepare } from './prepare.ts';
import { measure, type Outcome } from './report.ts';
import type { Inside, News } from './sandbox.ts';

const job = JSON.parse(process.argv[2] ?? '{}') as Job & Inside;
const outcomes: Outcome[] = [];
const { machine, booted } = await prepare(job);
await note('boot', 'the first boot ends', () => firstBoot(booted));
if (outcomes[0]?.passed) {
  await note('boot', 'the broker serves the registry’s accounts', () => serve(machine));
  if (job.options.keep) tell({ leader: booted.leader });
  await runPlan(await makePlan(job.part, job.options.only));
}
tell({ outcomes });
if (!job.options.keep) process.disconnect();
// What was started here would keep this process; with --keep it is meant to.
process.once('disconnect', () => process.exit());

async function firstBoot(booted: BootedMachine): Promise<undefined> {
  await booted.create();
  await booted.waitUntilBooted();
}

async function serve(machine: Machine): Promise<undefined> {
  await untilRegistryIsInForce(machine);
}

async function runPlan({ together, after }: Plan): Promise<void> {
  await Promise.all(together.map(runAll));
  await runAll(after);
}

async function runAll(list: Listed[]): Promise<void> {
  for (const { group, check } of list) {
    if (check.disturbs) await letIngestComeBy(machine);
    await note(group, check.name, () => check.run(machine));
  }
}

async function note(group: string, name: string, act: () => Promise<string | undefined>): Promise<void> {
  outcomes.push(await measure(group, name, act));
}

function tell(news: News): void {
  process.send?.(news);
}
