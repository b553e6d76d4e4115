// Which broker's certificate is meant, and who renews it.
import { MQTT_TLS_PORT } from '../../domain/ingress.ts';
import { readInstance } from '../../local/instance.ts';
import { stackOutputs } from '../stack-outputs.ts';

/** A broker and its certificate's way. */
export interface Broker {
  /** What it was called on the command line. */
  target: string;
  /** Name, or address, that its certificate must be valid for. */
  host: string;
  port: number;
  /** PEM of the CA to trust; undefined trusts the public authorities. */
  ca: string | undefined;
  /** Who renews: the machine by ACME, a deployment by the private CA, or the local platform when it starts. */
  renewedBy: 'machine' | 'deployment' | 'start';
}

/** Resolves `local`, `local:NAME` or the name of a stack. @throws Error that says what to start or to install. */
export function findBroker(target: string): Broker {
  if (target === 'local' || target.startsWith('local:')) {
    const instance = readInstance(target === 'local' ? undefined : target.slice('local:'.length));
    if (!instance) throw new Error(`no local platform is running as "${target}": start one with npm start`);
    return { target, host: '127.0.0.1', port: instance.mqttPort, ca: instance.ca, renewedBy: 'start' };
  }
  const { brokerHost: host, brokerCaCertificate: ca } = stackOutputs(target);
  return { target, host, port: MQTT_TLS_PORT, ca, renewedBy: ca ? 'deployment' : 'machine' };
}
