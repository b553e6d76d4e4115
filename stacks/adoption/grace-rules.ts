// The security group from phase 1 until the cut-over: the rules for SSH are the program's, all others are the recorded ones.
import { ipv6Name } from '../../components/network-rules.ts';
import { SSH_RULE } from '../../domain/ingress.ts';

type Rule = Record<string, unknown>;

/** The first priority of a recorded inbound rule: lower ones are for the program's SSH rules. */
export const FIRST_GRACE_PRIORITY = 110;

/** Comes after the program's Allow, and before every recorded rule and Azure's AllowVnetInBound. */
const DENY_OTHER_SSH: Rule = {
  name: 'deny-other-ssh',
  description: 'SSH is open to the administrators only',
  priority: FIRST_GRACE_PRIORITY - 1,
  direction: 'Inbound',
  access: 'Deny',
  protocol: 'Tcp',
  sourceAddressPrefix: '*',
  sourcePortRange: '*',
  destinationAddressPrefix: '*',
  destinationPortRange: '22',
};

/** Names that a recorded rule may not have: a rule's name is unique in its group. */
export const SSH_RULE_NAMES = [SSH_RULE, ipv6Name(SSH_RULE), DENY_OTHER_SSH.name as string];

/**
 * The group's rules until the cut-over. The program's other openings and its final Deny are added then: until that day, recorded
 * rules and Azure's defaults decide as before.
 * @param own the program's rules.
 * @param grace the recorded rules, with priorities and names that are free.
 */
export function untilCutOver(own: readonly Rule[], grace: readonly Rule[]): Rule[] {
  return [...own.filter(({ name }) => SSH_RULE_NAMES.includes(String(name))), DENY_OTHER_SSH, ...grace];
}
