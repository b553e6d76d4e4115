// Commands that make cloud resources past Pulumi, told by their words. What a script that a command starts does inside, or
// a text that is put together while it runs, nobody can tell from here.

/** Commands of `az` that make no network resource: they sign in, read, or bring code and data to what is there. */
const HARMLESS_AZ = new RegExp(
  `^(${[
    'account|login|logout|version|config|extension|upgrade',
    '(functionapp|webapp) (deploy|deployment|restart|log)|staticwebapp deploy|acr (build|login|import)',
    'storage (blob|fs|file)|keyvault (secret|certificate|key)|monitor (metrics|log-analytics)',
    '(\\S+ )+(show|list|wait)$',
  ].join('|')})(\\s|$)`,
);
/** Every call of `az`, with the words before its first flag. */
const AZ = /(?:^|[\s;&|(/\\=])az(?:\.cmd)?((?:[ \t]+[^\s;&|)-][^\s;&|)]*)*)(?=[\s;&|)]|$)/gi;
const OTHERS: [RegExp, string][] = [
  [/\b(New|Set|Add|Update|Enable)-Az\w+/i, 'Azure PowerShell'],
  [/\b(terraform|tofu|terragrunt)\b[^;&|]*\b(apply|import)\b/i, 'Terraform'],
  [/\bpulumi\b[^;&|]*\b(up|update|import)\b/i, 'Pulumi'],
  [/\bazd\b[^;&|]*\b(up|provision|deploy)\b/i, 'azd'],
  [/\b(kubectl|helm)\b[^;&|]*\b(apply|create|expose|install|upgrade|replace|patch)\b/i, 'kubectl or helm'],
  [/management\.(azure\.com|usgovcloudapi\.net|chinacloudapi\.cn)/i, 'Azure’s REST interface'],
];

/** What a command's text calls to make resources; undefined when it calls nothing of the kind. */
export function cloudCall(command: string): string | undefined {
  const unquoted = command.replaceAll(/\\\r?\n/g, ' ').replaceAll(/["'`]/g, '');
  for (const [, call] of unquoted.matchAll(AZ)) {
    // A flag before the command hides it, so that is not harmless.
    if (!HARMLESS_AZ.test(call!.trim().toLowerCase().replaceAll(/\s+/g, ' '))) return 'az';
  }
  return OTHERS.find(([pattern]) => pattern.test(unquoted))?.[1];
}
