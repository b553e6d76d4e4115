// Renders the policy violations and how to fix them.
import { nameOf, typeOf } from '../engine/urn.ts';
import type { PolicyReport } from '../policy/pack.ts';
import { mandatoryAmong, type Violation } from '../policy/violation.ts';
import { type Style, shortType } from './style.ts';

export function renderPolicies(report: PolicyReport | undefined, style: Style): string[] {
  if (!report) return ['Policies: not run (--no-policies).'];
  const mandatory = mandatoryAmong(report.violations).length;
  const advisory = report.violations.length - mandatory;
  const found =
    report.violations.length === 0
      ? style.green('no violation')
      : [mandatory && style.red(`${mandatory} mandatory`), advisory && style.yellow(`${advisory} advisory`)]
          .filter(Boolean)
          .join(', ');
  return [
    `${style.bold('Policies')}: ${report.pack} ${report.version}, ${policies(report.policies)}: ${found}`,
    ...report.violations.flatMap((violation) => renderViolation(violation, style)),
    ...report.output
      .split('\n')
      .filter(Boolean)
      .map((line) => `   ${style.dim(line)}`),
  ];
}

function renderViolation({ level, policy, urn, message, fix }: Violation, style: Style): string[] {
  const mark = level === 'mandatory' ? style.red('✗ mandatory') : style.yellow('! advisory');
  return [
    ` ${mark} ${style.bold(policy)} on ${nameOf(urn)} (${shortType(typeOf(urn))})`,
    ...indent(message),
    ...(fix && !message.includes(fix) ? indent(`fix: ${fix}`) : []),
  ];
}

const policies = (number: number) => (number === 1 ? '1 policy' : `${number} policies`);
const indent = (text: string) => text.split('\n').map((line) => `     ${line}`);
