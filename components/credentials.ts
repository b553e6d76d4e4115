// The passwords of the platform's own services. Made here, kept in the vault, seen by nobody.
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import { RandomPassword } from '@pulumi/random/randomPassword.js';

/** Letters and digits only: the passwords stand in URLs, settings and files without any escaping. 43 are 256 bits. */
const PASSWORD = { length: 43, special: false };

/** Passwords of the service accounts. */
export class Credentials extends ComponentResource {
  /** The broker's account `svc-ingest`. Secret. */
  readonly brokerPassword: Output<string>;
  /** The database role `mqtt_ingest`. Secret. */
  readonly databasePassword: Output<string>;

  constructor(name: string, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Credentials', name, {}, options);
    const parent = { parent: this };
    this.brokerPassword = new RandomPassword(`${name}-svc-ingest`, PASSWORD, parent).result;
    this.databasePassword = new RandomPassword(`${name}-mqtt-ingest`, PASSWORD, parent).result;
    this.registerOutputs();
  }
}
