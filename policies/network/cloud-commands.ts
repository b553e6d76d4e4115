// Commands that make, change or remove cloud resources past Pulumi, told by their words. What a script that a command starts
// does inside, or a text that is put together while it runs, nobody can tell from here.

/** Commands of `az` that make no network resource, word for word: they sign in, or bring code and data to what is there. */
const HARMLESS_AZ = new RegExp(
  `^(${[
    'login|logout|version|account set|config (get|set)|extension (add|update)',
    '(functionapp|webapp) (deploy|start|stop|restart|deployment source config-zip)|staticwebapp deploy',
    'acr (build|login|import)|storage blob (upload|upload-batch|download|sync)|keyvault secret set',
    'monitor log-analytics query',
  ].join('|')})$`,
);
/** Verbs that only read, as the last word of a command that has no other verb. */
const READS = /^(show|list|wait|exists|(show|list|get)-[a-z-]+)$/;
const CHANGES =
  /^(rest|invoke|open-port|(create|add|update|set|delete|remove|deploy|import|attach|start|enable|disable|assign|apply|up)(-.*)?)$/;
/** First words of commands of `az`, by which it is known behind a command that runs another one. */
const AZ_GROUPS = new Set(
  `account acr ad afd aks apim appservice backup batch cdn cloud-service config container containerapp cosmosdb deployment
  deployment-scripts disk eventgrid extension feature functionapp group identity image iot keyvault lab lock logic login
  managedapp monitor mysql network policy postgres ppg provider redis relay resource rest role search security
  servicebus signalr snapshot sql sshkey stack staticwebapp storage ts vm vmss webapp`.split(/\s+/),
);
/** Words before a command that are not the command. */
const BEFORE = /^(\w+=.*|[!{]|if|then|elif|else|while|until|do|time|exec|eval|sudo|env|nohup|xargs)$/;
const OTHERS: [RegExp, string][] = [
  [/\b(New|Set|Add|Update|Enable|Remove|Restore|Import|Invoke)-Az\w+/i, 'Azure PowerShell'],
  [/\bazure\.cli\b/i, 'az'],
  [/\b(terraform|tofu|terragrunt)\b[^;&|]*\b(apply|destroy|import)\b/i, 'Terraform'],
  [/\bpulumi\b[^;&|]*\b(up|update|import|destroy)\b/i, 'Pulumi'],
  [/\bazd\b[^;&|]*\b(up|provision|deploy|down)\b/i, 'azd'],
  [
    /\b(kubectl|helm)\b[^;&|]*\b(apply|create|expose|install|upgrade|replace|patch|edit|delete|uninstall|rollback)\b/i,
    'kubectl or helm',
  ],
  [/management\.(azure\.com|usgovcloudapi\.net|chinacloudapi\.cn)/i, 'Azure’s REST interface'],
];

const QUOTED = /'[^']*'|"(?:\\.|[^"\\])*"/g;
/** A comment, what ends a command, or a word with its quotes. */
const TOKEN = /#[^\n]*|([;&|()`\n]+)|((?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s;&|()`'"\\])+)/g;

/** Every command of a shell's text as its words without quotes; what is quoted or assigned may be a script too. */
function commandsIn(text: string): string[][] {
  const commands: string[][] = [[]];
  for (const [, end, word] of text.replaceAll(/\\\r?\n/g, ' ').matchAll(TOKEN)) {
    if (end !== undefined) commands.push([]);
    if (word === undefined) continue;
    commands.at(-1)!.push(word.replaceAll(/["']/g, ''));
    const scripts = [...word.matchAll(QUOTED)].map(([quoted]) => quoted.slice(1, -1)).filter((each) => /\s/.test(each));
    const assigned = /^\w+=(\S+)$/.exec(word)?.[1];
    for (const script of assigned === undefined ? scripts : [...scripts, assigned])
      commands.unshift(...commandsIn(script));
  }
  return commands;
}

const isAz = (word: string) => /^az(\.cmd|\.bat|\.exe)?$/i.test(word.split(/[/\\]/).at(-1)!);
const isOption = (word: string) => /^(-|\d?[<>])/.test(word);

/** True when the words after `az` make nothing. A flag before the command hides it, so that is not harmless. */
function isHarmless(words: string[]): boolean {
  const end = words.findIndex(isOption);
  const command = (end < 0 ? words : words.slice(0, end)).map((word) => word.toLowerCase());
  const isRead = READS.test(command.at(-1) ?? '') && !command.some((word) => CHANGES.test(word));
  return isRead || HARMLESS_AZ.test(command.join(' '));
}

/** True when a command calls `az` to make something. */
function callsAz(words: string[]): boolean {
  const first = words.findIndex((word) => !BEFORE.test(word));
  return words.some((word, index) => {
    const rest = words.slice(index + 1);
    return (
      isAz(word) && (index === first || rest.some((each) => AZ_GROUPS.has(each.toLowerCase()))) && !isHarmless(rest)
    );
  });
}

/** What a command's text calls to make resources; undefined when it calls nothing of the kind. */
export function cloudCall(text: string): string | undefined {
  const commands = commandsIn(text);
  if (commands.some(callsAz)) return 'az';
  const plain = commands.map((words) => words.join(' ')).join(' ; ');
  return OTHERS.find(([pattern]) => pattern.test(plain))?.[1];
}
