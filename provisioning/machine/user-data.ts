// What user data is made of: templates with their marks filled in, and files to be written.
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Without its lines of comment and what Python programs say of themselves: user data is short of room, and the repository
 * has them. A banner, which is nothing else, stays. Nothing is compressed: zlib's output differs between its versions, and
 * so would the plan.
 */
export const bare = (text: string) => {
  const rest = text.replace(/^[ \t]*#(?!!|cloud-config).*\n/gm, '').replace(/^( *)"""[\s\S]*?"""$/gm, '$1""');
  return rest.trim() ? rest : text;
};

/** The files of hardening/. Each says in its first line where it goes. @param except names of files that do not fit the machine. */
export function hardening(except: readonly string[] = []): string {
  const folder = new URL('./hardening/', import.meta.url);
  return readdirSync(folder)
    .filter((file) => !file.endsWith('.ts') && !except.includes(file))
    .sort()
    .map((file) => {
      const content = readFileSync(new URL(file, folder), 'utf8');
      const [, path] = /^# Installed as (\/[\w./-]*\w)\.?(\s|$)/.exec(content) ?? [];
      if (!path) throw new Error(`provisioning/machine/hardening/${file} does not begin with "# Installed as /…"`);
      return entry(path, bare(content));
    })
    .join('');
}

/** An item of `write_files`. Programs begin with "#!". */
export function entry(path: string, content: string): string {
  const mode = content.startsWith('#!') ? '0755' : '0644';
  // As little as YAML allows.
  return `- path: ${path}\n  permissions: "${mode}"\n  content: |\n${indented(content, '   ')}\n`;
}

/** Replaces the marks. A mark alone on its line stands for a text of several lines, which gets the mark's indentation. */
export function fill(template: string, values: Record<string, string>): string {
  const value = (name: string) => {
    const found = values[name];
    if (found === undefined) throw new Error(`cloud-init.tmpl.yaml: there is no value for ${name}`);
    return found;
  };
  return template.replace(/^( *)\$\{(\w+)\}$|\$\{(\w+)\}/gm, (_, indent: string, block: string, inline: string) =>
    block ? indented(value(block), indent) : value(inline),
  );
}

export const indented = (text: string, indent: string) => text.trimEnd().replace(/^(?=.)/gm, indent);
