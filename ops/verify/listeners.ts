// The TCP sockets on which a process of this machine listens, read from /proc (Linux).
import { readdir, readFile, readlink } from 'node:fs/promises';

/** A listening socket. */
export interface ListeningSocket {
  /** As the kernel shows it, such as `127.0.0.1` or `::`. */
  address: string;
  port: number;
  loopback: boolean;
}

/** State LISTEN in /proc/net/tcp, see proc_net_tcp(5). */
const LISTEN = '0A';

/** Listening sockets of the process `pid`; empty if it has ended or may not be inspected. */
export async function listeners(pid: number): Promise<ListeningSocket[]> {
  const inodes = await socketInodes(pid);
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) => readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '')),
  );
  return tables.flatMap((table) =>
    table
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === LISTEN && inodes.has(fields[9] ?? ''))
      .map((fields) => toSocket(fields[1]!)),
  );
}

async function socketInodes(pid: number): Promise<Set<string>> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

/** `0100007F:22B3`: the address in hexadecimal, each 32-bit word in the machine's (little-endian) order, then the port. */
function toSocket(local: string): ListeningSocket {
  const [hex, port] = local.split(':') as [string, string];
  const bytes = hex.match(/.{8}/g)!.flatMap((word) =>
    word
      .match(/../g)!
      .map((pair) => Number.parseInt(pair, 16))
      .reverse(),
  );
  const isV4 = bytes.length === 4;
  const address = isV4
    ? bytes.join('.')
    : new URL(
        `http://[${Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16)).join(':')}]`,
      ).hostname.slice(1, -1);
  return { address, port: Number.parseInt(port, 16), loopback: isV4 ? bytes[0] === 127 : address === '::1' };
}
