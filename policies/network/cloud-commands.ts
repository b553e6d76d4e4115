// Recognises commands that create, change or delete cloud resources without Pulumi, by their text. It cannot look inside a script
// that a command starts, nor into text that is assembled at run time.

/** Commands of `az` that create no network resource: they sign in, or deploy code and data to existing resources. */
const HARMLESS_AZ = new RegExp(
  `^(${[
    'login|logout|version|account set|config (get|set)|extension (add|update)',
    '(functionapp|webapp) (deploy|start|stop|restart|deployment source config-zip)|staticwebapp deploy',
    'acr (build|login|import)|storage blob (upload|upload-batch|download|sync)|keyvault secret set',
    'monitor log-analytics query',
  ].join('|')})$`,
);
/** Read-only verbs, as the last word of a command without another verb. */
const READS = /^(show|list|wait|exists|(show|list|get)-[a-z-]+)$/;
const CHANGES =
  /^(rest|invoke|open-port|(create|add|update|set|delete|remove|deploy|import|attach|start|enable|disable|assign|apply|up)(-.*)?)$/;
/** First words of `az` commands, to recognise `az` as an argument of another command. */
const AZ_GROUPS = new Set(
  `account acr ad afd aks apim appservice backup batch cdn cloud-service config container containerapp cosmosdb deployment
  deployment-scripts disk eventgrid extension feature functionapp group identity image iot keyvault lab lock logic login
  managedapp monitor mysql network policy postgres ppg provider redis relay resource rest role search security
  servicebus signalr snapshot sql sshkey stack staticwebapp storage ts vm vmss webapp`.split(/\s+/),
);
/** Words that may precede a command. */
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
/** A comment, a command separator, or a word with its quotes. */
const TOKEN = /#[^\n]*|([;&|()`\n]+)|((?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s;&|()`'"\\])+)/g;

/** Every command in a shell script, as words without quotes; quoted and assigned texts may be scripts too. */
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

/** True when the words after `az` create nothing. A flag before the command hides it, so it counts as harmful. */
function isHarmless(words: string[]): boolean {
  const end = words.findIndex(isOption);
  const command = (end < 0 ? words : words.slice(0, end)).map((word) => word.toLowerCase());
  const isRead = READS.test(command.at(-1) ?? '') && !command.some((word) => CHANGES.test(word));
  return isRead || HARMLESS_AZ.test(command.join(' '));
}

/** True when a command calls `az` to create or change something. */
function callsAz(words: string[]): boolean {
  const first = words.findIndex((word) => !BEFORE.test(word));
  return words.some((word, index) => {
    const rest = words.slice(index + 1);
    return (
      isAz(word) && (index === first || rest.some((each) => AZ_GROUPS.has(each.toLowerCase()))) && !isHarmless(rest)
    );
  });
}

/** The tool that a command's text calls to create or change resources; undefined when there is none. */
export function cloudCall(text: string): string | undefined {
  const commands = commandsIn(text);
  if (commands.some(callsAz)) return 'az';
  const plain = commands.map((words) => words.join(' ')).join(' ; ');
  return OTHERS.find(([pattern]) => pattern.test(plain))?.[1];
}
