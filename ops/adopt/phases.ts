// The phases in which an adopted environment becomes what the program declares: what each phase changes, what must be done by hand
// around it, and the way back. docs/adoption.md explains them.

import { FIRST_GRACE_PRIORITY } from '../../stacks/adoption/grace-rules.ts';
import { type Adoption, CUT_OVER } from '../../stacks/adoption/plan.ts';
import { attachedForLife } from './beside.ts';
import { howToMakeRoom } from './database/room.ts';
import { exceptionsFile } from './exceptions.ts';
import { at, items, textAt } from './json.ts';
import { quote } from './quote.ts';
import type { Recording } from './recording.ts';
import { freeName } from './security-rules.ts';

/** A step for a person: a text, and shell commands. */
export interface Step {
  text: string;
  commands?: string[];
}

/** One phase. */
export interface Phase {
  title: string;
  /** What devices notice, and which messages are lost. */
  devices: string;
  /** In order. */
  steps: Step[];
  /** How to go back, in order. */
  back: Step[];
}

/** Whether the broker keeps the old ingest's session, and so messages published while the ingest is away. */
export type IngestSession = 'clean' | 'persistent' | 'unknown';

/** The names in the texts. */
export interface Names {
  stack: string;
  group: string;
  machine: string;
  functionApp: string;
  securityGroup: string;
  /** From its recorded rules. */
  ruleNames: string[];
  /** What is deleted with the machine today, in the form of `az resource update --set`. */
  detach: string[];
  ingestSession: IngestSession;
  /** How room is made for the platform's tables. */
  room: string;
  /** Where the old broker listens. */
  ports: string[];
}

/** The names of a recording. @param said overrides what the broker's log showed. */
export function namesOf(recording: Recording, stack: string, said?: IngestSession): Names {
  return {
    stack,
    group: textAt(recording.group, 'name'),
    machine: textAt(recording.vm, 'name'),
    functionApp: textAt(recording.functionApp, 'name'),
    securityGroup: textAt(recording.securityGroup, 'name'),
    ruleNames: items(at(recording.securityGroup, 'securityRules')).map((rule) => textAt(rule, 'name')),
    detach: attachedForLife(recording.vm),
    ingestSession: said ?? sessionIn(recording.broker),
    room: howToMakeRoom(recording, stack),
    ports: portsIn(recording.broker),
  };
}

/** Any client with a persistent session may be the ingest. If no client has one, the ingest has none either. */
function sessionIn(broker: string[]): IngestSession {
  if (broker.some((line) => line.startsWith('session persistent '))) return 'persistent';
  return broker.some((line) => line.startsWith('session clean ')) ? 'clean' : 'unknown';
}

function portsIn(broker: string[]): string[] {
  const ports = broker.flatMap((line) => /^(?:listener|port) (\d+)/.exec(line)?.[1] ?? []);
  return ports.length > 0 ? ports : ['1883', '8883'];
}

const az = (command: string, options: Record<string, string | string[]>) =>
  [
    `az ${command}`,
    ...Object.entries(options).map(
      ([key, value]) => `${key.length > 1 ? '--' : '-'}${key} ${[value].flat().map(quote).join(' ')}`,
    ),
  ].join(' ');
const ops = (words: string) => `npm run ops -- ${words}`;

/** The five phases. The report explains "Deploy" above them. @param names from the recording. */
export function phases(names: Names, { publicUntil, gatewayUntil, left }: Adoption): Phase[] {
  const { stack, group, machine, functionApp } = names;
  // Azure refuses to delete a plan with other apps.
  const ended = left['before-plan']?.retained
    ? 'The app is deleted; its plan leaves the stack, for other apps may be on it.'
    : 'App and plan are deleted.';
  const to = (phase: number) => `\`${ops(`adopt phase ${phase} --stack ${stack}`)}\``;
  const app = (what: string) => `\`${az(`functionapp ${what}`, { g: group, n: functionApp })}\``;
  return [
    {
      title: 'Phase 0: take over',
      devices: 'Devices notice nothing. Set DATABASE_URL to the database owner’s.',
      steps: [
        { text: names.room },
        {
          text: 'Deploy. Say yes only if every old resource is an import and none a replace or delete. Commit the stack file.',
        },
      ],
      back: [
        {
          text: `\`pulumi state unprotect --all --stack ${stack}\`, \`pulumi destroy --stack ${stack}\`: what was imported is let go, what was made is deleted. Then \`${ops(`adopt table-back --target ${stack}`)}\``,
        },
      ],
    },
    {
      title: 'Phase 1: network',
      devices: 'Devices notice nothing. SSH is closed to all but adminCidrs.',
      steps: [
        { text: `Your address must be among \`pulumi config get adminCidrs --stack ${stack}\`. ${to(1)}, deploy.` },
        {
          text: `By ${publicUntil} each device gets the CA (\`pulumi stack output brokerCaCertificate --stack ${stack}\`) and a key (\`${ops(`device add TENANT DEVICE --create-tenant --target ${stack}`)}\`); gateways till ${gatewayUntil}.`,
        },
      ],
      back: [{ text: `${to(0)}, deploy: the recorded rules hold again.` }],
    },
    {
      title: 'Phase 2: cut-over',
      devices: `${lostAtCutOver(names)} Then 8883 only, with CA and key; a topic may stay.`,
      steps: [
        {
          text: 'Not before this shows no device for a week:',
          commands: [onMachine(names, `ss -Htn state established '${from(closing(names))}'`)],
        },
        {
          text: 'What is attached to the old machine must outlive it:',
          commands: [
            az('resource update', {
              g: group,
              n: machine,
              'resource-type': 'Microsoft.Compute/virtualMachines',
              set: names.detach,
            }),
          ],
        },
        ...(names.ingestSession === 'persistent' ? emptyTheQueue(names) : []),
        {
          text: `${app('stop')}. ${to(CUT_OVER)}, deploy; then \`npm run verify -- --target ${stack}\``,
        },
      ],
      back: [
        {
          text: `${to(1)}, deploy: the old machine with its old disk. ${app('start')}`,
        },
      ],
    },
    {
      title: 'Phase 3: storage',
      devices: 'Devices notice nothing.',
      steps: [{ text: `${to(3)}, deploy. Then change all passwords of the old app.` }],
      back: [{ text: `${to(2)}, deploy.` }],
    },
    {
      title: 'Phase 4: what is left',
      devices: 'Devices notice nothing.',
      steps: [
        {
          text: `After a month without a reason to go back: ${to(4)}, \`pulumi up --stack ${stack} --policy-pack policies\`, \`rm ${exceptionsFile(stack)}\`. ${ended}`,
        },
      ],
      back: [{ text: 'none; Azure restores no app of a Consumption plan. Disk and logs stay (docs/adoption.md).' }],
    },
  ];
}

/** Who is locked out of the machine, and what lets them in again. None of it needs a password or SSH. */
export function lockedOut(names: Names): Step[] {
  const { group, securityGroup, ruleNames } = names;
  const rule = { n: freeName('me', ruleNames), priority: String(FIRST_GRACE_PRIORITY - 5), protocol: 'Tcp' };
  return [
    {
      text: 'No answer: the security group does not know ADDRESS. Add it to adminCidrs and deploy; until then:',
      commands: [
        az('network nsg rule create', {
          g: group,
          'nsg-name': securityGroup,
          ...rule,
          'destination-port-ranges': '22',
          'source-address-prefixes': 'ADDRESS',
        }),
      ],
    },
    {
      text: 'Still no answer, from phase 2 on: the machine’s own firewall. Until its next start:',
      commands: [onMachine(names, 'nft insert rule inet mqtt_saas input ip saddr ADDRESS tcp dport 22 accept')],
    },
  ];
}

/** Ports that the platform's broker does not have. */
const closing = ({ ports }: Names) => {
  const others = ports.filter((port) => port !== '8883');
  return others.length > 0 ? others : ['1883'];
};

/** In the form that `ss` prints. */
const from = (ports: string[]) => `( ${ports.map((port) => `sport = :${port}`).join(' or ')} )`;

/** As root, through the machine's agent. */
const onMachine = ({ group, machine }: Names, script: string) =>
  az('vm run-command invoke', {
    g: group,
    n: machine,
    'command-id': 'RunShellScript',
    scripts: script,
  });

const LOST: Record<IngestSession, string> = {
  clean: 'Until phase 2, as today, what is published between the runs of the old ingest is lost.',
  unknown:
    'If the old ingest keeps no session, what is published between its runs is lost, as today, until phase 2; if it does keep one, adopt again with --ingest-session persistent.',
  persistent: 'The old broker keeps what is published between the runs of the old ingest, whose session is kept.',
};

/** What is lost while the old ingest still runs. */
export const lostUntilCutOver = ({ ingestSession }: Names) => LOST[ingestSession];

function lostAtCutOver({ ingestSession }: Names): string {
  const from = ingestSession === 'persistent' ? 'they are kept out' : 'the old ingest stops';
  return `Lost: what devices publish from when ${from} until they are connected again, some minutes later.`;
}

/** Only a persistent session has a queue to wait for. */
function emptyTheQueue(names: Names): Step[] {
  const { group, securityGroup, functionApp, ports, ruleNames } = names;
  const rule = (name: string, priority: number, access: string) =>
    az('network nsg rule create', {
      g: group,
      'nsg-name': securityGroup,
      n: freeName(name, ruleNames),
      priority: String(priority),
      access,
      protocol: 'Tcp',
      'destination-port-ranges': ports,
    });
  const addresses = az('functionapp show', {
    g: group,
    n: functionApp,
    query: 'possibleOutboundIpAddresses',
    output: 'tsv',
  });
  const last = FIRST_GRACE_PRIORITY - 2;
  return [
    {
      text: 'Keep devices out while the old ingest empties its queue. A security rule does not end a connection, hence ss.',
      commands: [
        `${rule('pause-but-ingest', last - 1, 'Allow')} --source-address-prefixes $(${addresses} | tr , ' ')`,
        rule('pause', last, 'Deny'),
        onMachine(names, `ss -K state established '${from(ports)}'`),
      ],
    },
    { text: 'Wait until the old telemetry, in the schema that table-aside named, has got no row for five minutes.' },
  ];
}
