// The key `adoption`: an environment that ran before the program managed it. It records each resource's name, id and inputs, and how
// far each one has been brought to what the program declares. Written by `npm run ops -- adopt`; see docs/adoption.md.
import { z } from 'zod';
import type { Names } from '../../components/placement.ts';

/** The last phase: everything is as the program declares it. */
export const LAST_PHASE = 4;
/** From this phase on, the broker machine is the program's own and the old openings for devices are closed. */
export const CUT_OVER = 2;

/** The id of a resource in a group, or of a group. */
export const RESOURCE_ID = /^\/subscriptions\/[^/]+\/resourceGroups\/.+/i;

const phase = z.int().min(0, 'is not a phase').max(LAST_PHASE, 'is not a phase');
const inputs = z.record(z.string(), z.unknown());
const id = z.string().regex(RESOURCE_ID, 'is not the id of an Azure resource');
const day = z.iso.date('is not a date such as 2027-03-31');

/** A resource that the program declares, too. */
const adopted = z.strictObject({
  /** Azure resource id, under which it is imported. */
  id,
  /** The phase from which on it is what the program declares. Until then it is not changed. */
  hardened: phase.min(1),
  /** Its inputs when it was recorded. */
  recorded: inputs,
  /** Recorded members that stay permanently, because the program gives none or another value. */
  kept: inputs.optional(),
  /** Recorded members that stay until the cut-over. */
  until: inputs.optional(),
  /** Inputs that restore it after it was replaced. Default: `recorded`. */
  restored: inputs.optional(),
});

/** A resource that the program does not declare: managed until it can be removed. */
const left = z.strictObject({
  type: z.string(),
  id,
  recorded: inputs,
  /** The phase from which on it is no longer part of the stack. */
  gone: phase,
  /** Whether it leaves the stack without being deleted. */
  retained: z.boolean().default(false),
});

/** The key's value. */
export const adoption = z.preprocess(
  (value) => (typeof value === 'string' ? parsed(value) : value),
  z
    .strictObject({
      phase,
      /** The highest phase ever deployed; `phase` is lower while a phase is rolled back. */
      reached: phase,
      /** The day by which no device uses the old openings any more. */
      publicUntil: day,
      /** The day by which the last device has left its site's gateway. */
      gatewayUntil: day,
      /** Names that differ from the naming convention, by the convention's kind, such as `vm`. */
      names: z.record(z.string(), z.string()),
      /** By the resource's name in the program. */
      resources: z.record(z.string(), adopted),
      /** Members of new resources that adopted ones decide, such as a disk's zone. By the resource's name in the program. */
      placed: z.record(z.string(), inputs).default({}),
      /** Losses and obstacles that were accepted by name, such as `broker-vm.extensions`. */
      accepted: z.array(z.string()).default([]),
      /** Rules of the old security group that stay until the cut-over, because devices use them. */
      graceRules: z.array(inputs),
      /** By the name that each gets in the stack. */
      left: z.record(z.string(), left),
    })
    .refine((plan) => plan.reached >= plan.phase, { error: 'has a phase that was never reached', path: ['reached'] }),
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

/** Why the adoption cannot stay in its phase: the agreed day has passed. @param today ISO date. */
export function overdue({ phase: current, publicUntil }: Adoption, today: string): string | undefined {
  if (current >= CUT_OVER || today <= publicUntil) return undefined;
  return `ended its grace period on ${publicUntil} while the old openings for devices still exist: go to phase ${CUT_OVER}, or agree on another day and set publicUntil`;
}

/** The convention's names, except for resources that already had one. */
export function adoptedNames(names: Names, plan: Adoption | undefined): Names {
  const had = (kind: string, role?: string) => plan?.names[[kind, role].filter(Boolean).join('-')];
  return {
    own: (kind, role) => had(kind, role) ?? names.own(kind, role),
    shared: (kind, role) => had(kind, role) ?? names.shared(kind, role),
  };
}
