// What differs from cluster to cluster: settings.yaml beside the rendered manifests. No secret.
import { parse } from 'yaml';
import * as z from 'zod';
import { QUESTION_SETTINGS } from '../../domain/questions.ts';

const DIGEST = /@sha256:[0-9a-f]{64}$/;
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const name = z.string().regex(NAME, 'must be a name of Kubernetes: a-z, 0-9 and "-", at most 63');
const image = z.string().min(1, 'is empty: name the image in your registry');

/** Settings that the worker reads from its environment, empty unless they are given. */
const WORKER_SETTINGS = ['NOTIFY_SMTP_URL', 'NOTIFY_FROM', ...QUESTION_SETTINGS] as const;

const SCHEMA = z
  .strictObject({
    /** Staging: one of each, and a database of its own. Prod: two of each, a standby broker, and a database elsewhere. */
    environment: z.enum(['staging', 'prod']),
    namespace: name,
    /** The name that people use: it leads to the ingress. */
    host: z.hostname('must be a DNS name such as platform.example.com'),
    /** The name that devices use: it leads to the broker's service. */
    brokerHost: z.hostname('must be a DNS name such as mqtt.example.com'),
    images: z.strictObject({ broker: image, app: image, database: image }),
    /** Secret with the registry's login, made by hand; none: the nodes can pull. */
    imagePullSecret: name.optional(),
    /** ClusterIssuer of cert-manager, of a public authority; none: the platform's own authority. */
    clusterIssuer: name.optional(),
    ingress: z.strictObject({ class: name, namespace: name }),
    /** Where the Prometheus operator's Prometheus runs, and the labels by which it finds what it reads. */
    monitoring: z.strictObject({ namespace: name, labels: z.record(z.string(), z.string()).default({}) }),
    /** None: the cluster's default. */
    storageClass: name.optional(),
    /** For volumes that pods of several nodes mount: ReadWriteMany. Prod needs one. */
    sharedStorageClass: name.optional(),
    /** Where prod's database is. Its addresses are what network policies let through. */
    database: z
      .strictObject({
        host: z.hostname(),
        port: z.int().min(1).max(65_535).default(5432),
        cidrs: z.array(z.cidrv4()).min(1),
      })
      .optional(),
    /** Which broker devices reach: 1 after a fail-over to the standby. */
    activeBroker: z.union([z.literal(0), z.literal(1)]).default(0),
    logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    worker: z.partialRecord(z.enum(WORKER_SETTINGS), z.string()).default({}),
  })
  .superRefine((settings, context) => {
    const problem = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (settings.environment === 'staging') {
      if (settings.database) problem(['database'], 'is for prod: staging has a database of its own');
      if (settings.activeBroker === 1) problem(['activeBroker'], 'must be 0: staging has no standby');
      return;
    }
    if (!settings.database) problem(['database'], 'is missing: name the host and addresses of the database');
    if (!settings.sharedStorageClass)
      problem(['sharedStorageClass'], 'is missing: name a storage class with ReadWriteMany');
    for (const [key, value] of Object.entries(settings.images))
      if (!DIGEST.test(value)) problem(['images', key], 'must be pinned by its digest in prod: NAME@sha256:...');
  });

/** Settings, complete. */
export type Settings = z.output<typeof SCHEMA>;

/** Reads settings.yaml. @throws Error that names every problem, with what to set. */
export function readSettings(text: string): Settings {
  const { success, data, error } = SCHEMA.safeParse(parse(text));
  if (success) return data;
  const lines = error.issues.map(({ path, message }) => `  ${path.join('.') || 'the file'}: ${message}`);
  throw new Error(`${lines.length} setting(s) to correct:\n${lines.join('\n')}`);
}

/** Whether it has two of each, and a standby. */
export const isProd = ({ environment }: Settings): boolean => environment === 'prod';

/** How many brokers there are. */
export const brokersOf = (settings: Settings): number => (isProd(settings) ? 2 : 1);
