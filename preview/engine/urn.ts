// URNs as Pulumi's engine builds them: urn:pulumi:<stack>::<project>::<parent type chain>$<type>::<name>.

export const STACK_TYPE = 'pulumi:pulumi:Stack';

/**
 * The URN of a resource. The chain of types starts below the stack: a resource whose parent is the stack, or that has
 * none, has only its own type.
 * @param parent the parent's URN, or empty.
 */
export function makeUrn(stack: string, project: string, parent: string, type: string, name: string): string {
  const chain = parent === '' || typeChainOf(parent) === STACK_TYPE ? type : `${typeChainOf(parent)}$${type}`;
  return `urn:pulumi:${stack}::${project}::${chain}::${name}`;
}

/** The third field: the types from the outermost component down, joined by `$`. */
function typeChainOf(urn: string): string {
  return urn.split('::')[2] ?? '';
}

/** The resource's own type. */
export function typeOf(urn: string): string {
  return typeChainOf(urn).split('$').at(-1)!;
}

/** The resource's name, which may contain `::`. */
export function nameOf(urn: string): string {
  return urn.split('::').slice(3).join('::');
}
