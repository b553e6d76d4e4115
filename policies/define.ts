// Turns a rule into a policy of the pack.
import type { Policies, ReportViolation, ResourceValidationArgs, StackValidationArgs } from '@pulumi/policy';
import type { Exceptions } from './exceptions/exceptions.ts';
import { parseGranted } from './exceptions/parse.ts';
import { Inputs } from './inputs.ts';
import { remediate } from './remediate.ts';
import { fromResourceArgs, fromStackResource, stackUrnOf, undatedType } from './resource.ts';
import { type Finding, isAbout, type ResourceRule, type Rule, type RuleConfig } from './rule.ts';

/** Configuration that every rule about a program accepts besides its own keys: docs/reference/policies.md, "Exceptions". */
const GRANTED = { exceptions: { type: 'array', items: { type: 'object' } } } as const;

/** Added to the findings of a stack rule that saw outputs only; few outputs are known during a preview. */
const INPUTS_MISSING =
  ' (The program’s inputs are not available because every rule about single resources is disabled: leave one on, such as network-rules-readable.)';

/** The rule's configuration; the exceptions in it are registered. */
function configured(rule: Rule, args: { getConfig<T extends object>(): T }, exceptions: Exceptions): RuleConfig {
  const { exceptions: list = [], ...config } = args.getConfig<RuleConfig>();
  if (isExceptable(rule)) exceptions.grant(rule.name, list, (given) => parseGranted(given, rule, new Date()));
  return config;
}

/** The rule about exceptions allows none. */
const isExceptable = ({ id }: Rule) => id !== 'EXC-01';

/** Reports the findings that no exception excuses. @param urn what is judged, for findings without a URN of their own. */
function report(
  rule: Rule,
  findings: Finding[],
  urn: string,
  exceptions: Exceptions,
  violation: ReportViolation,
  hint = '',
): void {
  for (const finding of findings) {
    if (exceptions.excuse(rule.name, finding.urn ?? urn)) continue;
    violation(`${finding.message}${hint} Why: ${rule.reason} Fix: ${finding.fix ?? rule.fix}`, finding.urn);
  }
}

function checkArgs(rule: ResourceRule, args: ResourceValidationArgs, exceptions: Exceptions): Finding[] {
  if (!isAbout(rule, undatedType(args.type))) return [];
  return rule.check(fromResourceArgs(args), configured(rule, args, exceptions));
}

/**
 * The policy that @pulumi/policy serves for a rule. A message says what is required, what is wrong, why it matters and how to
 * fix it. @param print receives one line.
 */
export function definePolicy(
  rule: Rule,
  exceptions: Exceptions,
  inputs = new Inputs(),
  print: (line: string) => void = console.log,
): Policies[number] {
  const policy = {
    name: rule.name,
    displayName: `${rule.id} ${rule.name}`,
    description: `[${rule.id}] ${rule.demand}`,
    enforcementLevel: rule.enforcement,
    severity: rule.severity,
    tags: [rule.id, `phase-${rule.phase}`],
    url: /https:\/\/[^\s)]+/.exec(rule.sources[0])?.[0],
    configSchema: isExceptable(rule)
      ? { ...rule.configSchema, properties: { ...rule.configSchema?.properties, ...GRANTED } }
      : rule.configSchema,
  };
  if ('checkStack' in rule) {
    return {
      ...policy,
      validateStack: (args, violation) => {
        inputs.startJudging(rule.name);
        const resources = args.resources.map((each) => fromStackResource(each, inputs));
        const findings = rule.checkStack(resources, configured(rule, args, exceptions));
        report(
          rule,
          findings,
          stackUrnOf(resources) ?? '',
          exceptions,
          violation,
          inputs.isEmpty ? INPUTS_MISSING : '',
        );
      },
    };
  }
  return {
    ...policy,
    validateResource: (args, violation) => {
      inputs.remember(args.urn, args.props);
      report(rule, checkArgs(rule, args, exceptions), args.urn, exceptions, violation);
    },
    ...(rule.notes && {
      validateStack: (args: StackValidationArgs) => {
        const resources = args.resources.map((each) => fromStackResource(each, inputs));
        for (const line of rule.notes!(resources, configured(rule, args, exceptions))) print(`${rule.name} ${line}`);
      },
    }),
    ...(typeof rule.remedy === 'string'
      ? {}
      : {
          // A resource with an exception is left as it is.
          remediateResource: (args) => {
            configured(rule, args, exceptions);
            return exceptions.covers(rule.name, args.urn) ? undefined : remediate(rule, args);
          },
        }),
  };
}
