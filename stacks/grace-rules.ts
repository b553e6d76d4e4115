// The security group between taking over and cut-over: SSH is the program's, everything else is what was recorded.

type Rule = Record<string, unknown>;

/** Where recorded inbound rules begin: the priorities before it are for the program's rules for SSH. */
export const FIRST_GRACE_PRIORITY = 110;

/** Below the program's Allow and above every recorded rule, Azure's own AllowVnetInBound included. */
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

/** Names that no recorded rule may have beside the program's: Azure keeps one rule a name. */
export const SSH_RULE_NAMES = ['allow-ssh-admin', 'allow-ssh-admin-ipv6', DENY_OTHER_SSH.name as string];

/**
 * What the group has until the cut-over. The program's other ways in and its last Deny wait for that day: what a recorded Deny
 * or Azure's defaults decide today is decided so until then.
 * @param own the program's rules.
 * @param grace the recorded ones, of priorities and names that are free.
 */
export function untilCutOver(own: readonly Rule[], grace: readonly Rule[]): Rule[] {
  return [...own.filter(({ name }) => SSH_RULE_NAMES.includes(String(name))), DENY_OTHER_SSH, ...grace];
}
