// The operators, who are notified by mail.
import { ActionGroup } from '@pulumi/azure-native/monitor/actionGroup.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';

/** Arguments of {@link Operators}. */
export interface OperatorsArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. Mailboxes, at least one. Azure writes to each once, to confirm that it is in the group. */
  alertEmails: readonly string[];
}

/** The action group that every alert and the budget notify. */
export class Operators extends ComponentResource {
  /** Id of the action group. */
  readonly actionGroupId: Output<string>;

  constructor(name: string, { placement, alertEmails }: OperatorsArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Operators', name, {}, options);
    const { resourceGroupName, tags, names } = placement;
    const group = new ActionGroup(
      `${name}-group`,
      {
        actionGroupName: names.own('ag'),
        resourceGroupName,
        location: 'Global',
        tags,
        enabled: true,
        // At most 12 characters; an environment's name has up to 8.
        groupShortName: `mqtt${tags.environment}`,
        emailReceivers: alertEmails.map((emailAddress) => ({
          name: emailAddress,
          emailAddress,
          useCommonAlertSchema: true,
        })),
      },
      { parent: this },
    );
    this.actionGroupId = group.id;
    this.registerOutputs();
  }
}
