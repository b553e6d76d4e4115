// The reason for every resource option that protects, ignores or replaces something. docs/replacement.md shows the reasons, and a
// test compares them with the options that the program sets.
import type { Plan, PlanEntry } from '../../preview/plan.ts';

/** The options that decide what a deployment may delete, and in which order. */
const OPTIONS = [
  'protect',
  'retainOnDelete',
  'ignoreChanges',
  'replaceOnChanges',
  'deleteBeforeReplace',
  'deletedWith',
  'replaceWith',
] as const;

/** By resource, as its component names it: option, and reason. */
const WHY: Record<string, Partial<Record<(typeof OPTIONS)[number], string>>> = {
  group: { protect: 'Azure deletes whatever is in a group with it, protected or not.' },
  'network-address': {
    protect: 'Devices, certificates and firewalls elsewhere know it. A new one has another address.',
  },
  'broker-data': { protect: 'The broker’s sessions and queues, with messages that it has acknowledged.' },
  'broker-vm': {
    ignoreChanges: 'Azure refuses to change it (409). It only matters to a new machine’s first boot.',
    replaceOnChanges: 'Azure refuses to change these, too. With the option, a preview shows the replacement.',
    deleteBeforeReplace: 'Disk and interface can be attached to one machine at a time.',
  },
  'broker-configuration-apply': {
    deletedWith: 'Azure deletes it with its machine: there is nothing left to delete.',
    deleteBeforeReplace: 'Replaced by hand to run again, it keeps its name.',
  },
  'broker-configuration-in-force': {
    replaceWith: 'A new machine is asked, too.',
    deletedWith: 'It goes with its machine.',
  },
  'broker-configuration-pointer': {
    deleteBeforeReplace: 'Old and new blob have the same name: deleting the old one second would delete the new one.',
  },
  'broker-configuration-pointer-copy': {
    deleteBeforeReplace: 'As for the pointer. Each exists while the other is replaced.',
  },
  'private-ca-certificate': { protect: 'Devices trust it for their whole life. A new one locks every device out.' },
  'vault-vault': { protect: 'A deleted vault keeps its name until its retention ends; a new one cannot use it.' },
  'storage-account': { protect: 'It has the copies of the broker’s state, needed if the disk is lost.' },
  'archive-account': { protect: 'It has readings that are nowhere else.' },
  'backups-account': { protect: 'What is left of the database when everything else is gone.' },
  'budget-monthly': {
    ignoreChanges: 'Azure accepts the date only when the budget is made.',
  },
  'function-deployment-package': {
    replaceWith: 'A new app is empty: the same package is deployed again.',
    deletedWith: 'Azure deletes it with its app.',
  },
  'dashboard-project': {
    ignoreChanges: 'The upload sets them. Set here, they would show as changes that nobody made.',
  },
  'dashboard-upload': {
    replaceWith: 'A new project is empty: the same site is uploaded again.',
    deletedWith: 'Cloudflare deletes it with its project.',
  },
};

/**
 * The page, from the plans of environments that together have every resource.
 * @throws Error if a resource has an option without a reason, or a reason has no option any more.
 */
export function renderReplacementDoc(plans: Plan[]): string {
  const unused = new Set(
    Object.entries(WHY).flatMap(([name, options]) => Object.keys(options).map((option) => `${name} ${option}`)),
  );
  const rows = plans.flat().flatMap((entry) =>
    OPTIONS.filter((option) => entry.options[option] !== undefined && !isSdks(entry, option)).map((option) => {
      const why = WHY[entry.name]?.[option];
      if (!why) throw new Error(`${entry.name} has ${option}: give the reason in stacks/testing/replacement.ts`);
      unused.delete(`${entry.name} ${option}`);
      return `| \`${entry.name}\` | ${shown(entry, option)} | ${why} |`;
    }),
  );
  if (unused.size > 0)
    throw new Error(`no resource has ${[...unused].join(', ')} any more: remove it from stacks/testing/replacement.ts`);
  return `# What is kept, and what is replaced

Generated from \`stacks/testing/replacement.ts\` and the plans; change it there, then \`npx vitest run stacks/plan.test.ts --update\`.

A change of the program never deletes what cannot be made again: the deployment stops instead. To delete an environment on
purpose, remove the protection first: \`pulumi state unprotect --all --stack dev\`. A deletion leaves nothing behind in Azure
(\`retainOnDelete\` is not used), because a resource that nobody manages is neither patched nor watched.

Give a renamed component an alias, \`{ aliases: [{ name: 'old-name' }] }\`: its resources then stay (\`stacks/impact.test.ts\`).

A named resource is deleted before its replacement is made. Whatever depends on it is deleted before it and made again after it:
resources inside it, and resources that name it in a property that cannot change. \`npm run preview\` lists each with the reason, and
shows where a protected one stops the deployment. That is what \`pulumi up\` does. \`pulumi preview\` shows more: it treats every output
of an updated resource as changed, so one changed tag shows replacements that \`pulumi up\` then does not make.

| resource | option | why |
|---|---|---|
${[...new Set(rows)].sort().join('\n')}
`;
}

/** The provider's own SDK sets it on every command, for an input that this program does not use. */
const isSdks = ({ type, options }: PlanEntry, option: string) =>
  type === 'command:local:Command' && option === 'replaceOnChanges' && `${options.replaceOnChanges}` === 'triggers[*]';

function shown({ options }: PlanEntry, option: (typeof OPTIONS)[number]): string {
  const value = options[option];
  // Which other resource it goes with, the reason says.
  const names = Array.isArray(value) && !option.endsWith('With') ? value.map((name) => ` \`${name}\``) : [];
  return `\`${option}\`${names.length > 0 ? ':' : ''}${names.join(',')}`;
}
