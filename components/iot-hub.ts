// An IoT Hub of the free tier, beside the broker: for trying out what the broker has not, such as device twins. Nothing of the
// platform reads it.
import { IotHubResource } from '@pulumi/azure-native/iothub/iotHubResource.js';
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';

/** Free for ever: 8,000 messages and 500 devices a day, one hub a subscription. It never becomes a paid one ("IoT Hub pricing"). */
const FREE = { name: 'F1', capacity: 1 };

/** Arguments of {@link IotHub}. */
export interface IotHubArgs {
  /** Required. Where it lives and what it is called. */
  placement: Placement;
}

/** A free IoT Hub. */
export class IotHub extends ComponentResource {
  constructor(name: string, { placement }: IotHubArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:IotHub', name, {}, options);
    const { resourceGroupName, location, tags, names } = placement;
    new IotHubResource(
      `${name}-hub`,
      {
        resourceName: names.shared('iot'),
        resourceGroupName,
        location,
        tags,
        sku: FREE,
        properties: {
          minTlsVersion: '1.2',
          // Services sign in to Entra: there are no keys for the whole hub to leak. Devices have keys of their own.
          disableLocalAuth: true,
          publicNetworkAccess: 'Enabled',
        },
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}
