// The adoption report: what is unsafe today and when that ends, then the phases. Markdown, readable as it is.
import type { Adoption } from '../../stacks/adoption-plan.ts';
import type { Account } from './account.ts';
import type { Phase } from './phases.ts';
import type { Unsafe } from './today.ts';

/** What the report is made of. */
export interface ReportArgs {
  stack: string;
  adoption: Adoption;
  unsafe: Unsafe[];
  phases: Phase[];
  untouched: { id: string; why: string }[];
  /** What each phase does to what was recorded. */
  account: Account;
}

export function renderReport({ stack, adoption, unsafe, phases, untouched }: ReportArgs): string {
  const count = Object.keys(adoption.resources).length + Object.keys(adoption.left).length;
  const findings = phases.map((phase, number) => ({ phase, found: unsafe.filter((each) => each.phase === number) }));
  return `# Adoption of ${adoption.names.rg} as stack ${stack}

${count} resources are taken over, ${untouched.length} stay outside. ${unsafe.length} things are unsafe today.

${untouched.map(({ id, why }) => `- outside: ${id}: ${why}\n`).join('')}
## Unsafe today

${findings.map(({ phase, found }) => `### Ends with ${phase.title}\n\n${found.map(renderUnsafe).join('') || '- nothing\n'}`).join('\n')}
## Phases

${phases.map(renderPhase).join('\n')}`;
}

/** The fix that a policy names is for a program; here the phase is it. */
function renderUnsafe({ policy, resource, message }: Unsafe): string {
  const [what = ''] = message.split(' Fix: ');
  return `- ${resource}: ${what}${policy ? ` (${policy})` : ''}\n`;
}

const renderPhase = ({ title, devices, steps, back }: Phase) =>
  `### ${title}

Devices: ${devices}

${steps.map((step, i) => `${i + 1}. ${step}\n`).join('')}
Back: ${back}.
`;
