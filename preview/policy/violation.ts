// A policy violation of one resource.
import type * as types from '@pulumi/pulumi/proto/analyzer_pb.js';
import messages from '@pulumi/pulumi/proto/analyzer_pb.js';

export interface Violation {
  policy: string;
  pack: string;
  /** Only a mandatory one stops a deployment. */
  level: 'mandatory' | 'advisory';
  urn: string;
  /** What the policy requires. */
  description: string;
  /** What is wrong, and how to fix it if the policy says so. */
  message: string;
  /** The policy's general fix; empty when it has none. */
  fix: string;
}

/** The violations that stop a deployment. */
export const mandatoryAmong = (violations: readonly Violation[] = []): Violation[] =>
  violations.filter(({ level }) => level === 'mandatory');

/** @param urn of the judged resource, used unless the violation names another. */
export function toViolation(from: types.AnalyzeDiagnostic, urn: string, fixes: Map<string, string>): Violation {
  const description = from.getDescription();
  const message = from.getMessage();
  // @pulumi/policy prepends the description to every message.
  const own = message.startsWith(`${description}\n`) ? message.slice(description.length + 1) : message;
  return {
    policy: from.getPolicyname(),
    pack: from.getPolicypackname(),
    level: from.getEnforcementlevel() === messages.EnforcementLevel.ADVISORY ? 'advisory' : 'mandatory',
    urn: from.getUrn() || urn,
    description,
    message: own,
    fix: fixes.get(from.getPolicyname()) ?? '',
  };
}
