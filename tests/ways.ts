// Six ways that a thing takes through the rooms; house.ts counts the files that a reader opens to follow one.

/** The next step is in SQL, in another language or in another process: no import leads there. */
export const BORDER = 'border';

/** A step of a way, by the text that defines it. A list has its present name first, then the names that older commits know. */
export type Step = RegExp | readonly RegExp[] | typeof BORDER;

const exported = (...names: string[]): Step =>
  names.map((name) => new RegExp(`^export (?:async function|function|class|const|interface) ${name}\\b`, 'm'));

/** From the stack file to the program. */
const CONFIGURATION = [
  exported('loadConfig(?=\\(\\): StackConfig)'),
  exported('parseConfig'),
  exported('schemaFor'),
  exported('keys'),
];
const PROGRAM: Step = /^const config = loadConfig\(\);/m;

/** Each way from where the thing comes in to where it has its effect: what it passes through, in order. */
export const WAYS: Record<string, Step[]> = {
  'adminCidrs: from the stack file to both firewalls': [
    ...CONFIGURATION,
    exported('environmentKeys'),
    PROGRAM,
    /^ *const ingress = ingressRules\(config\);/m,
    exported('ingressRules'),
    exported('Network'),
    exported('securityRules'),
    exported('makeBroker'),
    exported('brokerBundle'),
    exported('makeBundle'),
    exported('renderFirewall'),
  ],
  'a payload: from the socket to its row and its count': [
    exported('gather', 'createSocketReader'),
    exported('openConnection'),
    exported('createClient', 'openConnection'),
    exported('createFramer'),
    exported('readPublish'),
    exported('startConsumer'),
    // The door to the broker, where there is one.
    [/^export .* from '\.\/consumer\.ts';$/m, /^export function startConsumer\b/m],
    // The session on the broker is a source, where there are several.
    exported('mqttSource', 'runSession'),
    exported('runMqttSession', 'runSession'),
    exported('runSession'),
    exported('createDrain'),
    exported('Batch'),
    exported('createRegistry'),
    exported('readMessage'),
    exported('makeRow'),
    exported('createStore'),
    exported('admit'),
    exported('writeFast'),
    exported('claimUntimed'),
    exported('encodeRows'),
    exported('insertRows', 'writeCarefully'),
    exported('addRows'),
    exported('spend'),
    exported('totalOf'),
    exported('addToLedger'),
    exported('createSummary'),
  ],
  'a device key: from the browser to the broker': [
    /\baddDevice\(tenant\.tenant_id/,
    [
      /^export async function addDevice\(tenantId: string, slug: string, name: string\):/m,
      /^export async function withNewKey\b/m,
    ],
    exported('hashKey'),
    /call\('add_device'/,
    BORDER,
    /^create function public\.add_device\(/m,
    BORDER,
    /^create view broker\.registry /m,
    BORDER,
    /^from broker\.registry"""/m,
    /^from (?:mqtt_saas\.)?registry_database import DatabaseAway/m,
    /^class RegistryFiles?\b/m,
    /^def render\(rows/m,
  ],
  'an ingest setting: from the stack file to a run': [
    ...CONFIGURATION,
    exported('brokerKeys'),
    PROGRAM,
    exported('makeFunctions'),
    exported('ingestSettings'),
    exported('FunctionApp'),
    BORDER,
    exported('ingestOnTimer'),
    exported('readIngestSettings', 'readSettings'),
    exported('read(?=<)', 'readSettings'),
    exported('runOnce'),
    exported('runSession'),
  ],
  'a policy exception: from the file to the report': [
    /^export const RULES: readonly Rule\[\]/m,
    exported('parseExceptions'),
    exported('Exceptions'),
    exported('definePolicy'),
    exported('exceptionsInOrder'),
  ],
  "the broker's arguments: from the program to the machine": [
    PROGRAM,
    exported('makeBroker'),
    exported('brokerBundle'),
    exported('BrokerConfiguration'),
    exported('makeBundle'),
    exported('renderFirewall'),
  ],
};
