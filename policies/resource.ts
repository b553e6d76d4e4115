// Resources as the rules see them: plain data, links as URNs, types without API versions.
import type { PolicyResource, ResourceValidationArgs } from '@pulumi/policy';
import type { Inputs } from './inputs.ts';
import { type KnownObject, known } from './known.ts';

/** One resource of a plan. Everything in it may be UNKNOWN except urn, type and name. */
export interface Resource {
  urn: string;
  /** Type token in its undated form, e.g. `azure-native:network:NetworkSecurityGroup`. */
  type: string;
  /** Name in the program, not the one in Azure. */
  name: string;
  /** What the program gives it, and what Azure is known to have made of the rest; outputs alone where it was not analysed. */
  props: KnownObject;
  /** What the engine says the resource is, when the stack is judged. In a preview most of what is not given is UNKNOWN. */
  outputs: KnownObject;
  /** URN of the parent, where there is one. */
  parent?: string;
  /** URNs this resource depends on. */
  dependencies: string[];
  /** URNs that the value of each top-level property was made from. */
  propertyDependencies: Record<string, string[]>;
  /** The `protect` option: Pulumi refuses to delete the resource. */
  isProtected: boolean;
}

/**
 * The undated form of a type token. Dated modules (`azure-native:network/v20250101:X`) and the packages made by
 * `pulumi package add azure-native network 2025-01-01` (`azure-native_network_v20250101:network:X`) are the same
 * resource to Azure, and would otherwise slip past every rule; so would azure-native's former name, azure-nextgen, and
 * its former module `insights`, now `monitor`.
 */
export function undatedType(type: string): string {
  const [pkg, module, ...rest] = type.split(':');
  if (pkg === undefined || module === undefined || !/^azure-(native|nextgen)(_|$)/.test(pkg)) return type;
  const undated = module.replace(/\/v\d{8}\w*$/, '');
  return ['azure-native', undated === 'insights' ? 'monitor' : undated, ...rest].join(':');
}

/** The stack's own resource: its outputs are the stack's, and findings about nothing else are about it. */
export const STACK = 'pulumi:pulumi:Stack';

/** URN of the stack, when it is among its resources. */
export function stackUrnOf(resources: Resource[]): string | undefined {
  return resources.find(({ type }) => type === STACK)?.urn;
}

/** One resource before it is created or changed, as @pulumi/policy hands it to a resource rule. */
export function fromResourceArgs(args: ResourceValidationArgs): Resource {
  return {
    urn: args.urn,
    type: undatedType(args.type),
    name: args.name,
    props: known(args.props) as KnownObject,
    outputs: {},
    parent: args.opts.parent,
    dependencies: [],
    propertyDependencies: {},
    isProtected: args.opts.protect,
  };
}

/** One resource of the finished plan, as @pulumi/policy hands it to a stack rule. */
export function fromStackResource(resource: PolicyResource, inputs: Inputs): Resource {
  let props: KnownObject | undefined;
  let outputs: KnownObject | undefined;
  return {
    urn: resource.urn,
    type: undatedType(resource.type),
    name: resource.name,
    // Copied when a rule looks at it, for each rule looks at few types of a large stack.
    get props() {
      props ??= inputs.withOutputs(resource.urn, resource.props) ?? this.outputs;
      return props;
    },
    get outputs() {
      outputs ??= known(resource.props) as KnownObject;
      return outputs;
    },
    parent: resource.parent?.urn,
    dependencies: resource.dependencies.map(({ urn }) => urn),
    propertyDependencies: Object.fromEntries(
      Object.entries(resource.propertyDependencies).map(([property, targets]) => [
        property,
        targets.map(({ urn }) => urn),
      ]),
    ),
    isProtected: resource.opts.protect,
  };
}
