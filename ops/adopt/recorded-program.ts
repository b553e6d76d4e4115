// A Pulumi program that declares a recorded environment, so that the policy pack can judge it. It is never deployed: today.ts runs it in
// an offline preview.
import { ComponentResource, Config, CustomResource } from '@pulumi/pulumi';

interface Recorded {
  name: string;
  type: string;
  inputs: Record<string, unknown>;
  /** Type and name of its component; exceptions refer to it. */
  component?: [type: string, name: string];
}

/** A resource of any type. */
class Resource extends CustomResource {}

const components = new Map<string, ComponentResource>();
for (const { name, type, inputs, component } of new Config('mqtt-saas').requireObject<Recorded[]>('recorded')) {
  const [kind, of] = component ?? [];
  if (kind && of && !components.has(of)) components.set(of, new ComponentResource(kind, of));
  const parent = components.get(of ?? '');
  new Resource(type, name, inputs, parent ? { parent } : {});
}
