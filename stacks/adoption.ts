// Brings the resources of an environment that already runs under the program, and from phase to phase to what it says. A
// resource whose phase has not come is imported and left alone; components do not know of any of this.
import provider from '@pulumi/azure-native/package.json' with { type: 'json' };
import { CustomResource, type CustomResourceOptions, Output, runtime } from '@pulumi/pulumi';
import { type Adoption, CUT_OVER } from './adoption-plan.ts';
import { untilCutOver } from './grace-rules.ts';

type Inputs = Record<string, unknown>;

/** A resource of any type. */
class Left extends CustomResource {}

/**
 * The engine imports a resource only when nothing differs that is not ignored (ImportStep in pulumi/pulumi), and a recording
 * never has all that the provider reads. Nor can a difference then change or replace what runs.
 */
const LEFT_ALONE = { ignoreChanges: ['*'] };

/** Whatever would already act on what runs: it waits for the cut-over. By the program's name, the inputs until then. */
const HELD: Record<string, (inputs: Inputs) => Inputs> = {
  'broker-configuration-apply': (inputs) => ({
    ...inputs,
    source: { script: '#!/bin/sh\necho "This machine takes its configuration from the cut-over on."\n' },
  }),
  'broker-configuration-in-force': (inputs) => ({
    ...inputs,
    create: 'echo "This machine takes its configuration from the cut-over on."',
  }),
  // Two ingests would share one database, and this one's account is unknown to the old broker.
  'functions-settings': (inputs) => ({
    ...inputs,
    properties: { ...(inputs.properties as Inputs), 'AzureWebJobs.mqtt_ingest.Disabled': 'true' },
  }),
};

/** Names of the program's resources so far. */
const made = new Set<string>();

/** To be called before any resource is made. */
export function adopt(plan: Adoption | undefined): void {
  if (!plan) return;
  runtime.registerStackTransformation(({ name, props, opts }) => {
    made.add(name);
    const adopted = plan.resources[name];
    if (adopted) return { props: inputsOf(name, props, plan), opts: { ...opts, ...optionsOf(adopted, plan) } };
    const placed = plan.placed[name];
    if (placed) return { props: merge(props, placed), opts };
    const hold = plan.phase < CUT_OVER ? HELD[name] : undefined;
    if (!hold) return undefined;
    // A machine that is let go takes nothing with it.
    return { props: hold(props), opts: plan.phase === 0 ? { ...opts, deletedWith: undefined } : opts };
  });
  const still = Object.entries(plan.left).filter(([, { gone }]) => plan.phase < gone);
  const lefts = new Map<string, Left>();
  const make = ([name, { type, id, recorded, retained }]: (typeof still)[number]): Left => {
    const words = JSON.stringify(recorded).toLowerCase();
    // What it refers to is deleted after it: Azure deletes no plan that an app is on.
    const dependsOn = still
      .filter(([, other]) => other.id !== id && words.includes(`"${other.id.toLowerCase()}"`))
      .map(make);
    const options = {
      version: provider.version,
      ...imported(id, plan),
      ...LEFT_ALONE,
      retainOnDelete: retained || plan.phase === 0,
      dependsOn,
    };
    const left = lefts.get(name) ?? new Left(type, name, recorded, options);
    lefts.set(name, left);
    return left;
  };
  for (const each of still) make(each);
}

/**
 * To be called after the last resource. @throws Error when one that is adopted or held was never made: under another name it would
 * be made beside what runs, or act on it too early.
 */
export function checkAdopted(plan: Adoption | undefined): void {
  if (!plan) return;
  const missing = [...Object.keys(plan.resources), ...Object.keys(plan.placed), ...Object.keys(HELD)].filter(
    (name) => !made.has(name),
  );
  if (missing.length > 0) {
    throw new Error(
      `the adoption names ${missing.join(', ')}, and the program has no resource of that name. Was one renamed? Then rename it in ` +
        'the stack file (mqtt-saas:adoption) or in stacks/adoption.ts',
    );
  }
}

/** What is sent of an adopted resource. @param props what the program gives. */
export function inputsOf(name: string, props: Inputs, plan: Adoption): Inputs {
  const {
    hardened,
    recorded,
    restored = recorded,
    kept,
    until,
  } = plan.resources[name] as Adoption['resources'][string];
  if (plan.phase < hardened) {
    // The members stay, without values: a resource has an output for each.
    const members = Object.fromEntries(Object.keys(props).map((key) => [key, undefined]));
    return { ...members, ...(plan.reached < hardened ? recorded : restored) };
  }
  const stays = merge(props, kept ?? {});
  const inputs = plan.phase < CUT_OVER ? merge(stays, until ?? {}) : stays;
  if (name !== 'network-nsg' || plan.phase >= CUT_OVER) return inputs;
  return { ...inputs, securityRules: untilCutOver(inputs.securityRules as Inputs[], plan.graceRules) };
}

function optionsOf({ id, hardened }: Adoption['resources'][string], plan: Adoption): CustomResourceOptions {
  if (plan.phase >= hardened) return imported(id, plan);
  // Once it was changed, an earlier phase means changing it back.
  const changes = plan.reached < hardened ? LEFT_ALONE : { ignoreChanges: [] };
  // The way back from phase 0 is pulumi destroy, which must not delete what was there before the stack.
  return { ...imported(id, plan), ...changes, ...(plan.phase === 0 ? { retainOnDelete: true } : {}) };
}

/** What is in the state need not be imported, and while it says so the engine refuses to replace it. */
const imported = (id: string, { reached }: Adoption) => (reached === 0 ? { import: id } : {});

/**
 * Puts what is kept into what the program gives. What is known only after a deployment stays as it is; so does an item of a list
 * that null stands for. Lists of plain values become one.
 */
function merge<T>(into: T, kept: unknown): T {
  if (kept === null) return into;
  // The SDK makes an output of some members also where nothing was given: storage's networkRuleSet is one.
  if (Output.isInstance(into)) {
    return into.apply((value) => (typeof value === 'object' ? merge(value, kept) : (value ?? kept))) as T;
  }
  if (typeof into !== 'object' || into === null || typeof kept !== 'object') return kept as T;
  if (Array.isArray(into) && Array.isArray(kept)) {
    if (kept.every((each) => typeof each !== 'object')) {
      return [...into, ...kept.filter((each) => !into.includes(each))] as T;
    }
    const more = kept.slice(into.length).filter((each) => each !== null);
    return [...into.map((item, i) => merge(item, kept[i] ?? null)), ...more] as T;
  }
  const entries = Object.entries(kept).map(([key, value]) => [key, merge((into as Inputs)[key], value)]);
  return { ...into, ...Object.fromEntries(entries) };
}
