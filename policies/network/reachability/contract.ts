// The network ingress contract as regions of packets that must be blocked.
import { type AddressSet, PUBLIC_ADDRESSES, perFamily } from './addresses.ts';
import { type Interval, type IntervalSet, subtract, union } from './intervals.ts';
import { ALL_PORTS, PROTOCOLS } from './ports.ts';

/** MQTT over TLS: the one port that is always public. */
const MQTTS_PORT = 8883;
/** SSH: open to the administrators only. */
const SSH_PORT = 22;

/** The traffic that an environment allows. */
export interface IngressContract {
  /** The administrators' own addresses. */
  admins: AddressSet;
  /** Public TCP ports besides 8883. */
  extraPublicPorts: number[];
}

/** Packets that must be blocked: from these sources, with these protocols, to these ports. */
export interface ForbiddenRegion {
  from: 'stranger' | 'admin';
  source: AddressSet;
  protocols: Interval;
  destinationPorts: IntervalSet;
}

const TCP: Interval = { from: 0n, to: 0n };
const EVERYTHING_BUT_TCP: Interval = { from: 1n, to: BigInt(PROTOCOLS.length - 1) };

function allPortsBut(ports: number[]): IntervalSet {
  return subtract(ALL_PORTS, union(ports.map((port) => ({ from: BigInt(port), to: BigInt(port) }))));
}

/**
 * The contract: a stranger (a public address that is not an administrator's) reaches the public TCP ports and nothing else;
 * an administrator also reaches 22/tcp. Private sources are not judged.
 */
export function forbiddenRegions({ admins, extraPublicPorts }: IngressContract): ForbiddenRegion[] {
  const publicPorts = [MQTTS_PORT, ...extraPublicPorts];
  const strangers = perFamily((family) => subtract(PUBLIC_ADDRESSES[family], admins[family]));
  return [
    { from: 'stranger', source: strangers, protocols: TCP, destinationPorts: allPortsBut(publicPorts) },
    { from: 'stranger', source: strangers, protocols: EVERYTHING_BUT_TCP, destinationPorts: ALL_PORTS },
    { from: 'admin', source: admins, protocols: TCP, destinationPorts: allPortsBut([...publicPorts, SSH_PORT]) },
    { from: 'admin', source: admins, protocols: EVERYTHING_BUT_TCP, destinationPorts: ALL_PORTS },
  ];
}
