// Pairs of resources for the policies' scenario: what a policy refuses, and its safe twin.

/** A resource of the program. `{ $id: name }` among its inputs stands for the id of one made before. */
export interface Made {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  protect?: boolean;
}

export interface Pair {
  /** What the unsafe one does. */
  name: string;
  policy: string;
  /** Name of the resource that the policy objects to. */
  subject: string;
  safe: Made[];
  unsafe: Made[];
}

/** What nearly every resource has. */
export const place = {
  resourceGroupName: 'rg-corpus',
  location: 'northeurope',
  tags: { environment: 'prod', project: 'corpus', owner: 'corpus@example.com', costCenter: '1' },
};
export const ADMIN = '203.0.113.10/32';
export const native = (type: string, name: string, inputs: Record<string, unknown>): Made => ({
  type: `azure-native:${type}`,
  name,
  inputs,
});

/** A pair of one resource. */
export function twin(
  name: string,
  policy: string,
  make: (inputs: Record<string, unknown>) => Made,
  safe: object,
  unsafe: object,
): Pair {
  const made = make({ ...safe });
  return { name, policy, subject: made.name, safe: [made], unsafe: [make({ ...unsafe })] };
}
