// Adopts a running environment: imports its resources and brings them, phase by phase, to what the program declares. Until its
// phase, an imported resource is not changed. Components know nothing of an adoption.
import provider from '@pulumi/azure-native/package.json' with { type: 'json' };
import { CustomResource, type CustomResourceOptions, runtime } from '@pulumi/pulumi';
import { resourceNames as configuration } from '../../components/broker-configuration.ts';
import { resourceNames as functionApp } from '../../components/function-app.ts';
import { resourceNames as network } from '../../components/network.ts';
import { BROKER_CONFIGURATION, FUNCTIONS, NETWORK } from '../names.ts';
import { untilCutOver } from './grace-rules.ts';
import { merge } from './merge.ts';
import { type Adoption, CUT_OVER } from './plan.ts';

type Inputs = Record<string, unknown>;

/** A resource that the program does not declare, of any type. */
class Leftover extends CustomResource {}

/**
 * The engine imports a resource only if nothing differs outside `ignoreChanges` (ImportStep in pulumi/pulumi), and a recording
 * never has everything that the provider reads. Ignoring all changes also keeps a difference from changing or replacing the resource.
 */
const UNCHANGED = { ignoreChanges: ['*'] };

/** New resources that would act on the running environment, by name, with the inputs that they have until the cut-over. */
const HELD_BACK: Record<string, (inputs: Inputs) => Inputs> = {
  [configuration.apply(BROKER_CONFIGURATION)]: (inputs) => ({
    ...inputs,
    source: { script: '#!/bin/sh\necho "This machine takes its configuration from the cut-over on."\n' },
  }),
  [configuration.inForce(BROKER_CONFIGURATION)]: (inputs) => ({
    ...inputs,
    create: 'echo "This machine takes its configuration from the cut-over on."',
  }),
  // Two ingests would share one database, and the old broker does not know the new one's account.
  [functionApp.settings(FUNCTIONS)]: (inputs) => ({
    ...inputs,
    properties: { ...(inputs.properties as Inputs), 'AzureWebJobs.mqtt_ingest.Disabled': 'true' },
  }),
};

const SECURITY_GROUP = network.securityGroup(NETWORK);

/** Names of the resources that the program has registered so far. */
const registered = new Set<string>();

/** Call it before any resource is made. */
export function adopt(plan: Adoption | undefined): void {
  if (!plan) return;
  runtime.registerStackTransformation(({ name, props, opts }) => {
    registered.add(name);
    const adopted = plan.resources[name];
    if (adopted) return { props: inputsOf(name, props, plan), opts: { ...opts, ...optionsOf(adopted, plan) } };
    const placed = plan.placed[name];
    if (placed) return { props: merge(props, placed), opts };
    const hold = plan.phase < CUT_OVER ? HELD_BACK[name] : undefined;
    if (!hold) return undefined;
    // In phase 0, `pulumi destroy` leaves the machine: what belongs to the machine has to be deleted by itself.
    return { props: hold(props), opts: plan.phase === 0 ? { ...opts, deletedWith: undefined } : opts };
  });
  makeLeftovers(plan);
}

/** Resources of the old environment, until the phase in which they go. */
function makeLeftovers(plan: Adoption): void {
  const present = Object.entries(plan.left).filter(([, { gone }]) => plan.phase < gone);
  const made = new Map<string, Leftover>();
  const make = ([name, { type, id, recorded, retained }]: (typeof present)[number]): Leftover => {
    const text = JSON.stringify(recorded).toLowerCase();
    // Azure refuses to delete what another resource refers to, such as a plan with an app: delete the other one first.
    const dependsOn = present
      .filter(([, other]) => other.id !== id && text.includes(`"${other.id.toLowerCase()}"`))
      .map(make);
    const options = {
      version: provider.version,
      ...importOf(id, plan),
      ...UNCHANGED,
      retainOnDelete: retained || plan.phase === 0,
      dependsOn,
    };
    const leftover = made.get(name) ?? new Leftover(type, name, recorded, options);
    made.set(name, leftover);
    return leftover;
  };
  for (const each of present) make(each);
}

/**
 * Call it after the last resource.
 * @throws Error when the program did not register a resource that is adopted, placed or held back. Under another name it would be
 * made beside the running one, or act on it too early.
 */
export function checkAdopted(plan: Adoption | undefined): void {
  if (!plan) return;
  const missing = unregistered(plan, registered);
  if (missing.length > 0) {
    throw new Error(
      `the adoption names ${missing.join(', ')}, and the program has no resource of that name. If you renamed one, rename it in ` +
        'the stack file (mqtt-saas:adoption) or in stacks/names.ts, too',
    );
  }
}

/** Names that the adoption relies on and the program did not register. */
export function unregistered(plan: Pick<Adoption, 'resources' | 'placed'>, names: ReadonlySet<string>): string[] {
  return [...Object.keys(plan.resources), ...Object.keys(plan.placed), ...Object.keys(HELD_BACK)].filter(
    (name) => !names.has(name),
  );
}

/** The inputs that are sent for an adopted resource. @param props what the program gives. */
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
  if (name !== SECURITY_GROUP || plan.phase >= CUT_OVER) return inputs;
  return { ...inputs, securityRules: untilCutOver(inputs.securityRules as Inputs[], plan.graceRules) };
}

function optionsOf({ id, hardened }: Adoption['resources'][string], plan: Adoption): CustomResourceOptions {
  if (plan.phase >= hardened) return importOf(id, plan);
  // Once a resource was changed, going back to an earlier phase means changing it back.
  const changes = plan.reached < hardened ? UNCHANGED : { ignoreChanges: [] };
  // In phase 0, `pulumi destroy` undoes the adoption: it must not delete what was there before the stack.
  return { ...importOf(id, plan), ...changes, ...(plan.phase === 0 ? { retainOnDelete: true } : {}) };
}

/** A resource in the state needs no import, and the engine refuses to replace one that has the option. */
const importOf = (id: string, { reached }: Adoption) => (reached === 0 ? { import: id } : {});
