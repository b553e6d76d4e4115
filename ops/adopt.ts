// `ops adopt`: brings a running environment under a stack, phase by phase.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { type Document, type Node, parseDocument, visit } from 'yaml';
import { ensurePackages } from '../bootstrap/packages.mjs';
import { ROOT } from '../bootstrap/root.mjs';
import { readProject } from '../preview/project.ts';
import { type Adoption, LAST_PHASE, adoption as schema } from '../stacks/adoption/plan.ts';
import { NAMESPACE, parseConfig } from '../stacks/configuration/parse.ts';
import { judgeBroker } from './adopt/broker.ts';
import { tableCommands } from './adopt/database/commands.ts';
import { recordCommand } from './adopt/database/record.ts';
import { exceptionsFile, findExceptions, withExceptions } from './adopt/exceptions.ts';
import { type IngestSession, namesOf, phases } from './adopt/phases.ts';
import { planAdoption } from './adopt/plan.ts';
import { readRecording } from './adopt/recording.ts';
import { renderDetails, renderReport } from './adopt/report.ts';
import { judgeToday } from './adopt/today.ts';
import { day } from './day.ts';

interface Options {
  from: string;
  stack: string;
  publicUntil?: string;
  gatewayUntil?: string;
  ingestSession?: IngestSession;
  storage?: string;
  accept: string[];
  cwd: string;
}

const DAY_MS = 86_400_000;
/** Default number of days for which devices may use the old openings, and then a gateway. */
const PUBLIC_DAYS = 90;
const GATEWAY_DAYS = 365;

const KEY = `${NAMESPACE}:adoption`;

/** The `adopt` command. */
export function adoptCommand(): Command {
  const command = new Command('adopt')
    .description('bring a running environment under a stack: docs/adoption.md')
    .option('--from <folder>', 'what ops/adopt/record.sh recorded')
    .option('--stack <name>', 'the stack to write, Pulumi.<name>.yaml; what is in it already stays')
    .option('--public-until <date>', `the last day of the old openings (default: in ${PUBLIC_DAYS} days)`, day)
    .option('--gateway-until <date>', `the last day of the sites' gateways (default: in ${GATEWAY_DAYS} days)`, day)
    .addOption(
      new Option('--ingest-session <kind>', "whether the broker keeps the old ingest's session between runs").choices([
        'clean',
        'persistent',
      ]),
    )
    .option('--storage <name>', "the storage account to adopt, or none (default: the Function App's)")
    .option('--accept <name>', 'accept a loss or an obstacle by name; can be given several times', together, [])
    .option('--cwd <folder>', 'the folder that holds Pulumi.yaml', ROOT)
    .addHelpText('after', '\nExample:\n  npm run --silent ops -- adopt --from recorded --stack prod > adoption.md')
    .action(async (options: Partial<Options> & Pick<Options, 'accept' | 'cwd'>) => {
      const { from, stack } = options;
      if (!from || !stack) throw new Error('give --from FOLDER and --stack NAME, or a phase (--help shows how)');
      await adopt({ ...options, from, stack });
    })
    .addCommand(
      new Command('phase')
        .configureHelp({ showGlobalOptions: true })
        .description('set the phase of the next deployment: one step forward, or any step back')
        .argument('<number>', `0 to ${LAST_PHASE}`)
        .addHelpText('after', '\nExample:\n  npm run ops -- adopt phase 1 --stack prod')
        // --stack and --cwd belong to the parent command.
        .action((number: string, _: unknown, command: Command) => {
          const { stack, cwd } = command.optsWithGlobals<Partial<Options> & { cwd: string }>();
          if (!stack) throw new Error('give --stack NAME');
          setPhase(Number(number), stack, cwd);
        }),
    )
    .addCommand(
      new Command('exceptions')
        .configureHelp({ showGlobalOptions: true })
        .description('write policies.<stack>.json: dated exceptions for violations that a later phase ends')
        .addHelpText('after', '\nExample:\n  npm run ops -- adopt exceptions --stack prod')
        .action(async (_: unknown, command: Command) => {
          const { stack, cwd } = command.optsWithGlobals<Partial<Options> & { cwd: string }>();
          if (!stack) throw new Error('give --stack NAME');
          await writeExceptions(stack, cwd);
        }),
    );
  for (const more of [...tableCommands(), recordCommand()]) command.addCommand(more);
  return command;
}

async function adopt(options: Options): Promise<void> {
  const { from, stack, ingestSession, storage, accept, cwd } = options;
  const recording = readRecording(from);
  // The cloud SDK's declarations say which inputs a resource can have.
  await ensurePackages('all');
  const file = openStack(stack, cwd);
  if (file.config.has(KEY)) {
    throw new Error(`${file.path} is adopted already. To begin again: pulumi config rm ${KEY} --stack ${stack}`);
  }
  const vmSize = file.plain()[`${NAMESPACE}:vmSize`];
  const plan = planAdoption(recording, {
    ...lastDays(options),
    vmSize: vmSize === undefined ? undefined : String(vmSize),
    storage,
    accepted: accept,
  });
  const { adoption, config, untouched, changes, kept } = plan;
  schema.parse(adoption);
  for (const [key, value] of Object.entries(config)) {
    // A resource's location is not a choice; a size or a key that was chosen since stays.
    const isFact = ['location', 'addressSpace', 'subnetPrefix'].includes(key);
    if (isFact || !file.config.has(`${NAMESPACE}:${key}`)) file.config.set(`${NAMESPACE}:${key}`, value);
  }
  file.config.set(KEY, adoption);
  const unsafe = [...(await judgeToday(adoption, file.plain(), stack)), ...judgeBroker(recording)];
  const names = namesOf(recording, stack, ingestSession);
  const details = `adoption.${stack}.md`;
  const args = { names, adoption, unsafe, phases: phases(names, adoption), untouched, changes, kept, details };
  writeFileSync(join(cwd, details), renderDetails(args));
  // Last: an adopted stack is refused, and a failed adoption must be repeatable.
  file.save();
  console.error(`wrote ${file.path}; the report follows`);
  console.log(renderReport(args));
  tellWhatIsMissing(stack, cwd);
}

/** An option that can be given several times. */
const together = (value: string, before: string[]) => [...before, value];

/** @throws Error if a day has passed, or gateways would end before the old openings. */
function lastDays({ publicUntil = inDays(PUBLIC_DAYS), gatewayUntil = inDays(GATEWAY_DAYS) }: Options) {
  if (publicUntil < inDays(0)) throw new Error(`--public-until ${publicUntil} has passed: give a future day`);
  if (gatewayUntil < publicUntil) {
    throw new Error(
      `--gateway-until ${gatewayUntil} is before ${publicUntil}, the last day of the old openings: give a later day`,
    );
  }
  return { publicUntil, gatewayUntil };
}

const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);

/** A recording does not contain everything that a stack needs. */
function tellWhatIsMissing(stack: string, cwd: string): void {
  try {
    parseConfig(readProject(cwd, stack).config, stack);
  } catch (error) {
    console.error(`Before the first preview, complete the configuration.\n${(error as Error).message}`);
  }
}

function setPhase(phase: number, stack: string, cwd: string): void {
  const file = openStack(stack, cwd);
  const plan = planIn(file, stack);
  if (!Number.isInteger(phase) || phase < 0 || phase > LAST_PHASE)
    throw new Error(`there are phases 0 to ${LAST_PHASE}`);
  if (phase > plan.phase + 1)
    throw new Error(`phase ${plan.phase + 1} comes before ${phase}: each phase relies on the previous one`);
  const next: Adoption = { ...plan, phase, reached: Math.max(plan.reached, phase) };
  file.config.set(KEY, next);
  file.save();
  console.log(`${file.path}: phase ${plan.phase} -> ${phase}. Next: npm run ops -- adopt exceptions --stack ${stack}`);
}

async function writeExceptions(stack: string, cwd: string): Promise<void> {
  const plan = planIn(openStack(stack, cwd), stack);
  const config = await findExceptions(stack, cwd, plan);
  const path = join(cwd, exceptionsFile(stack));
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`);
  const count = Object.values(config).flatMap(({ exceptions }) => exceptions).length;
  const next = `pulumi preview --stack ${stack} ${withExceptions(stack)}`;
  console.log(`${path}: ${count} exceptions of phase ${plan.phase}. Next: ${next}`);
}

/** @throws Error if the stack is not an adopted one. */
function planIn(file: ReturnType<typeof openStack>, stack: string): Adoption {
  const plan = schema.safeParse(file.plain()[KEY]).data;
  if (!plan) throw new Error(`${file.path} is not adopted: npm run ops -- adopt --from FOLDER --stack ${stack}`);
  return plan;
}

/** A stack file whose comments are kept. @throws Error if it is not YAML. */
function openStack(stack: string, cwd: string) {
  const path = join(cwd, `Pulumi.${stack}.yaml`);
  const document: Document = parseDocument(existsSync(path) ? readFileSync(path, 'utf8') : 'config: {}\n');
  if (document.errors.length > 0) throw new Error(`${path} is not valid YAML: ${document.errors[0]?.message}`);
  return {
    path,
    config: {
      has: (key: string) => document.hasIn(['config', key]),
      set: (key: string, value: unknown) => document.setIn(['config', key], quoted(document.createNode(value))),
    },
    plain: () => (document.toJS() as { config?: Record<string, unknown> }).config ?? {},
    save: () => writeFileSync(path, document.toString({ lineWidth: 0 })),
  };
}

/** Names that every YAML reader takes as text. */
const PLAIN_NAME = /^(?!(true|false|null)$)[a-z][\w-]*$/i;

/**
 * Quotes all text. Pulumi's reader would turn an unquoted 2027-03-31, 1_000 or 0123 into a date or a number, and the program would get
 * something else than was written.
 */
function quoted(node: Node): Node {
  visit(node, {
    Scalar(key, scalar) {
      const isPlain = key === 'key' && PLAIN_NAME.test(String(scalar.value));
      if (typeof scalar.value === 'string' && !isPlain) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  return node;
}
