// The key `adoption`: an environment that ran before this program knew it. It says what every resource was, under which name
// and id, and how far it has been brought to what the program wants. Written by `npm run ops -- adopt`; docs/adoption.md.
import { z } from 'zod';
import type { Names } from '../../components/placement.ts';

/** The last phase: nothing is left as it was. */
export const LAST_PHASE = 4;
/** From this phase on the broker machine is the program's own, and the old ways in for devices are closed. */
export const CUT_OVER = 2;

/** The id of a resource in a group, or of a group. */
export const RESOURCE_ID = /^\/subscriptions\/[^/]+\/resourceGroups\/.+/i;

const phase = z.int().min(0, 'is no phase').max(LAST_PHASE, 'is no phase');
const inputs = z.record(z.string(), z.unknown());
const id = z.string().regex(RESOURCE_ID, 'is no id of an Azure resource');
const day = z.iso.date('is no date such as 2027-03-31');

/** A resource that the program has too. */
const adopted = z.strictObject({
  /** Azure resource id, under which it is imported. */
  id,
  /** The phase from which on it is what the program says. Until then it is left alone. */
  hardened: phase.min(1),
  /** Its inputs as they were recorded. */
  recorded: inputs,
  /** Members that the program does not give, or gives otherwise, and that stay as they were recorded, for good. */
  kept: inputs.optional(),
  /** Members that stay until the cut-over. */
  until: inputs.optional(),
  /** Inputs that bring it back after it was replaced. Default: `recorded`. */
  restored: inputs.optional(),
});

/** A resource that the program has no use for: managed until it can go. */
const left = z.strictObject({
  type: z.string(),
  id,
  recorded: inputs,
  /** The phase from which on it is no part of the stack. */
  gone: phase,
  /** True when it is let go and not deleted. */
  retained: z.boolean().default(false),
});

/** The key's value. */
export const adoption = z.preprocess(
  (value) => (typeof value === 'string' ? parsed(value) : value),
  z
    .strictObject({
      phase,
      /** The highest phase that was ever deployed; `phase` is lower while a phase is rolled back. */
      reached: phase,
      /** The day by which no device uses the old ways in any more. */
      publicUntil: day,
      /** The day by which the last device has left its site's gateway. */
      gatewayUntil: day,
      /** What resources are called, by the convention's kind, such as `vm`, where it is not the convention's own name. */
      names: z.record(z.string(), z.string()),
      /** By the program's name for it. */
      resources: z.record(z.string(), adopted),
      /** Members of the program's new resources that the adopted ones decide, such as a disk's zone. By the program's name. */
      placed: z.record(z.string(), inputs).default({}),
      /** What would be lost or stands in the way, and was accepted by name, such as `broker-vm.extensions`. */
      accepted: z.array(z.string()).default([]),
      /** Rules of the old security group that stay until the cut-over, because devices use them. */
      graceRules: z.array(inputs),
      /** By the name it gets in the stack. */
      left: z.record(z.string(), left),
    })
    .refine((plan) => plan.reached >= plan.phase, { error: 'has a phase that it never reached', path: ['reached'] }),
);

/** An adoption under way. */
export type Adoption = z.output<typeof adoption>;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Why the plan may not go on as it is: the day that was agreed on is over. @param today ISO date. */
export function overdue({ phase: current, publicUntil }: Adoption, today: string): string | undefined {
  if (current >= CUT_OVER || today <= publicUntil) return undefined;
  return `ended its grace on ${publicUntil} with the old ways in still open: go to phase ${CUT_OVER}, or agree on another day and set publicUntil`;
}

/** The convention's names, but for resources that had one before. */
export function adoptedNames(names: Names, plan: Adoption | undefined): Names {
  const had = (kind: string, role?: string) => plan?.names[[kind, role].filter(Boolean).join('-')];
  return {
    own: (kind, role) => had(kind, role) ?? names.own(kind, role),
    shared: (kind, role) => had(kind, role) ?? names.shared(kind, role),
  };
}
