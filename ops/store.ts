// Where backups and the archive lie: a folder, or a container of Azure's Blob storage. What lies there is never overwritten.
import { createReadStream, createWriteStream } from 'node:fs';
import { lchown, link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TokenCredential } from '@azure/identity';
import { ensurePackages } from '../bootstrap/packages.mjs';
import { archivePath, fileNameOf } from '../domain/archive-link.ts';

/** An object. */
export interface Stored {
  name: string;
  bytes: number;
}

/** A place for objects. */
export interface Store {
  /** For messages. */
  where: string;
  /** Path of the folder, if it is one of this machine: its objects are files in it. */
  folder?: string;
  /** In order of name. @param prefix of the names, a whole number of folders: `archive/tenant=…/`. Default: all. */
  list(prefix?: string): Promise<Stored[]>;
  /** Stores it whole, or not at all. @throws Error when the name is taken. */
  put(name: string, content: Readable): Promise<void>;
  get(name: string): Promise<Readable>;
  /** @returns false when the store keeps it: a policy of the container says for how long. */
  remove(name: string): Promise<boolean>;
  /**
   * Makes links with which anyone reads one object each, until then; at most 7 days ahead. They are secrets.
   * @throws Error that says what this store lacks for it.
   */
  linker(until: Date): Promise<(name: string) => string>;
}

/**
 * @param place path of a folder, or `https://ACCOUNT.blob.core.windows.net/CONTAINER`.
 * @param linkKey signs links to a folder's objects. Default: it has none.
 */
export const openStore = (place: string, linkKey?: string): Promise<Store> =>
  /^https?:/.test(place) ? blobStore(place) : Promise.resolve(folderStore(place, linkKey));

const taken = (where: string, name: string) => new Error(`${where} has ${name} already: run this again`);

/** A folder of this machine, made when missing; only this user can read it. */
export function folderStore(folder: string, linkKey?: string): Store {
  return {
    where: folder,
    folder,
    list: async (prefix = '') => {
      const entries = await readdir(join(folder, prefix), { withFileTypes: true, recursive: true }).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return [];
          throw error;
        },
      );
      const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.part'));
      const names = files.map(({ name, parentPath }) => relative(folder, join(parentPath, name))).sort();
      return Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(folder, name))).size })));
    },
    put: async (name, content) => {
      const place = dirname(join(folder, name));
      const first = await mkdir(place, { recursive: true, mode: 0o700 });
      const part = join(folder, `${name}.part`);
      // A run that was killed may have left it. A link of this name, by anyone who may write here, must not lead root elsewhere.
      await rm(part, { force: true });
      try {
        await pipeline(content, createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true }));
        await giveToOwner(folder, part, first);
        await link(part, join(folder, name)).catch((error: NodeJS.ErrnoException) => {
          throw error.code === 'EEXIST' ? taken(folder, name) : error;
        });
        // A power cut must not take the name back.
        const handle = await open(place);
        await handle.sync().finally(() => handle.close());
      } finally {
        await rm(part, { force: true });
      }
    },
    get: async (name) => {
      await stat(join(folder, name));
      return createReadStream(join(folder, name));
    },
    remove: async (name) => {
      await rm(join(folder, name), { force: true });
      return true;
    },
    linker: async (until) => {
      if (!linkKey) throw new Error('ARCHIVE_LINK_KEY is not set: a folder needs it to sign links (docs/archive.md)');
      return (name) => archivePath(name, until, linkKey);
    },
  };
}

/** What root stores belongs to the folder's owner, as a service that runs without root stores there and reads it, too. */
async function giveToOwner(folder: string, part: string, firstMade: string | undefined): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(folder);
  await lchown(part, uid, gid);
  for (let made = dirname(resolve(part)); firstMade && made.startsWith(firstMade); made = dirname(made))
    await lchown(made, uid, gid);
}

const BLOCK_BYTES = 8 * 1024 * 1024;
const BLOCKS_AT_ONCE = 2;

/**
 * A container, by the identity that this process has: a managed or federated one, or that of `az login`.
 * @param url of the container; with a SAS in its query, that is used instead.
 * @param identity Default: the process has it.
 */
export async function blobStore(url: string, identity?: TokenCredential): Promise<Store> {
  const where = url.split('?')[0]!;
  // Only here: the packages are for those who have Azure, and `npm start` does not install them.
  await ensurePackages('all');
  const { BlobSASPermissions, BlobServiceClient, ContainerClient, generateBlobSASQueryParameters, SASProtocol } =
    await import('@azure/storage-blob');
  const { DefaultAzureCredential } = await import('@azure/identity');
  const credential = new URL(url).search ? undefined : (identity ?? new DefaultAzureCredential());
  const container = new ContainerClient(url, credential);
  return {
    where,
    linker: async (until) => {
      if (!credential) throw new Error(`${where} was opened with a SAS: links need an identity`);
      const { accountName, containerName } = container;
      const service = new BlobServiceClient(where.slice(0, -containerName.length - 1), credential);
      const key = await service.getUserDelegationKey(new Date(), until);
      return (blobName) => {
        const sas = generateBlobSASQueryParameters(
          {
            containerName,
            blobName,
            permissions: BlobSASPermissions.parse('r'),
            expiresOn: until,
            ...(where.startsWith('https:') && { protocol: SASProtocol.Https }),
            contentDisposition: `attachment; filename="${fileNameOf(blobName)}"`,
          },
          key,
          accountName,
        );
        return `${container.getBlobClient(blobName).url}?${sas}`;
      };
    },
    list: async (prefix = '') => {
      const found: Stored[] = [];
      for await (const { name, properties } of container.listBlobsFlat({ prefix }))
        found.push({ name, bytes: properties.contentLength ?? 0 });
      return found;
    },
    put: async (name, content) => {
      const blob = container.getBlockBlobClient(name);
      const conditions = { ifNoneMatch: '*' };
      await blob.uploadStream(content, BLOCK_BYTES, BLOCKS_AT_ONCE, { conditions }).catch((error) => {
        throw (error as { code?: string }).code === 'BlobAlreadyExists' ? taken(where, name) : error;
      });
    },
    get: async (name) => {
      const { readableStreamBody } = await container.getBlobClient(name).download();
      if (!readableStreamBody) throw new Error(`${name} has no content`);
      return readableStreamBody as Readable;
    },
    remove: async (name) => {
      try {
        await container.getBlobClient(name).deleteIfExists();
        return true;
      } catch (error) {
        if ((error as { code?: string }).code === 'BlobImmutableDueToPolicy') return false;
        throw error;
      }
    },
  };
}
