// An IoT Hub of the free tier beside the broker, for trying out what the broker does not have, such as device twins. The platform
// does not read it.
import { IotHubResource } from '@pulumi/azure-native/iothub/iotHubResource.js';
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';

/** Free without a time limit: 8,000 messages a day, 500 devices, one hub per subscription. It never starts to cost ("IoT Hub pricing"). */
const FREE = { name: 'F1', capacity: 1 };

/** Arguments of {@link IotHub}. */
export interface IotHubArgs {
  /** Required. Resource group, region, tags and names. */
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
          // Services sign in to Entra: no key for the whole hub can leak. Devices have keys of their own.
          disableLocalAuth: true,
          publicNetworkAccess: 'Enabled',
        },
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}
