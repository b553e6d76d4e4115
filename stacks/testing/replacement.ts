// What is protected, ignored, replaced on purpose: every resource option that decides it, with the reason. The only place that
// says why; docs/replacement.md shows it, and a test keeps it the same as what the program sets.
import type { Plan, PlanEntry } from '../../preview/plan.ts';

/** The options that decide what a deployment may take away, and in which order. */
const OPTIONS = [
  ...(['protect', 'retainOnDelete', 'ignoreChanges', 'replaceOnChanges'] as const),
  ...(['deleteBeforeReplace', 'deletedWith', 'replaceWith'] as const),
];

/** By resource, as its component names it: option, and why. */
const WHY: Record<string, Partial<Record<(typeof OPTIONS)[number], string>>> = {
  group: { protect: 'Azure deletes whatever is in a group with it, protected or not.' },
  'network-address': { protect: 'Devices, certificates and firewalls elsewhere know it. A new one is another one.' },
  'broker-data': { protect: 'The broker’s sessions and queues: what devices were told is safe.' },
  'broker-vm': {
    ignoreChanges: 'Azure refuses to change it (409). It only matters to a new machine’s first boot.',
    replaceOnChanges: 'Azure refuses these too; said here, a preview shows the replacement.',
    deleteBeforeReplace: 'Disk and interface can be attached to one machine at a time.',
  },
  'broker-configuration-apply': {
    deletedWith: 'It is gone with its machine: there is nothing to ask Azure to delete.',
  },
  'broker-configuration-in-force': {
    replaceWith: 'A new machine is asked too.',
    deletedWith: 'It is gone with its machine.',
  },
  'broker-configuration-pointer': {
    deleteBeforeReplace: 'Both have one name. Made before the old one is deleted, it would be deleted with it.',
  },
  'broker-configuration-pointer-copy': {
    deleteBeforeReplace: 'As the pointer. Each is there while the other is replaced.',
  },
  'private-ca-certificate': { protect: 'Devices trust it for their whole life. A new one cuts every device off.' },
  'vault-vault': { protect: 'A deleted vault keeps its name until its retention ends; the next one cannot have it.' },
  'storage-account': { protect: 'It has the copies of the broker’s state, for when the disk is lost.' },
  'budget-monthly': {
    ignoreChanges: 'The date counts once, when the budget is made. Azure takes no other afterwards.',
  },
  'function-deployment-package': {
    replaceWith: 'A new app is empty: the same package is deployed again.',
    deletedWith: 'It is gone with its app.',
  },
  'dashboard-project': { ignoreChanges: 'The upload sets them. Here they would show as changes that nobody made.' },
  'dashboard-upload': {
    replaceWith: 'A new project is empty: the same site is uploaded again.',
    deletedWith: 'It is gone with its project.',
  },
};

/**
 * The page, from the plans of environments that between them have every resource.
 * @throws Error when a resource has an option without a reason, or a reason has lost its option.
 */
export function renderReplacementDoc(plans: Plan[]): string {
  const unused = new Set(
    Object.entries(WHY).flatMap(([name, options]) => Object.keys(options).map((option) => `${name} ${option}`)),
  );
  const rows = plans.flat().flatMap((entry) =>
    OPTIONS.filter((option) => entry.options[option] !== undefined && !isSdks(entry, option)).map((option) => {
      const why = WHY[entry.name]?.[option];
      if (!why) throw new Error(`${entry.name} has ${option}: say why in stacks/testing/replacement.ts`);
      unused.delete(`${entry.name} ${option}`);
      return `| \`${entry.name}\` | ${shown(entry, option)} | ${why} |`;
    }),
  );
  if (unused.size > 0) throw new Error(`nothing has ${[...unused].join(', ')} any more: stacks/testing/replacement.ts`);
  return `# What is kept, and what is replaced

Generated from \`stacks/testing/replacement.ts\` and the plans; change it there, then \`npx vitest run stacks/plan.test.ts --update\`.

Nothing that cannot be made again goes by a change of the program: a deployment that would delete it stops. To take an
environment down on purpose, take the protection off first: \`pulumi state unprotect --all --stack dev\`. Nothing is left behind in
Azure by a deletion (\`retainOnDelete\`), because a resource that nobody manages is neither patched nor watched.

A component that is renamed gets an alias, \`{ aliases: [{ name: 'old-name' }] }\`; its resources then stay
(\`stacks/impact.test.ts\`).

A resource that has a name is deleted before the new one is made. What cannot lose it goes first and comes back after it: what is
inside it, and what names it in a property that cannot change. \`npm run preview\` lists each with the reason, and says where a
protected one stops the deployment. It says what \`pulumi up\` does. \`pulumi preview\` says more: it takes every output of
whatever is updated for one that changes, so that one changed tag shows replacements which \`pulumi up\` then does not make.

| resource | option | why |
|---|---|---|
${[...new Set(rows)].sort().join('\n')}
`;
}

/** Every command has it from the provider's own SDK, for an input that none of ours uses. */
const isSdks = ({ type, options }: PlanEntry, option: string) =>
  type === 'command:local:Command' && option === 'replaceOnChanges' && `${options.replaceOnChanges}` === 'triggers[*]';

function shown({ options }: PlanEntry, option: (typeof OPTIONS)[number]): string {
  const value = options[option];
  // Which other resource it goes with, the reason says.
  const names = Array.isArray(value) && !option.endsWith('With') ? value.map((name) => ` \`${name}\``) : [];
  return `\`${option}\`${names.length > 0 ? ':' : ''}${names.join(',')}`;
}
