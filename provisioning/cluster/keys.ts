// The cluster's own keys: who signs the gatekeeper's answers, and the three users that no registry has. Seeds stay with the gatekeeper
// and with who makes streams; the servers' files have only the public halves.
import { createAccount, createUser, fromSeed } from '@nats-io/nkeys';

/** Seeds, secret. */
export interface ClusterSeeds {
  /** Signs who may connect. */
  issuer: string;
  /** The gatekeeper's user, which answers. */
  gate: string;
  /** The gatekeeper's user that ends connections. */
  system: string;
  /** Makes the streams and consumers. */
  keeper: string;
}

/** The public halves, as the servers' files name them. */
export interface PublicKeys {
  issuerKey: string;
  gateKey: string;
  systemKey: string;
  keeperKey: string;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** New ones. */
export function makeSeeds(): ClusterSeeds {
  const user = () => text(createUser().getSeed());
  return { issuer: text(createAccount().getSeed()), gate: user(), system: user(), keeper: user() };
}

/** @throws Error for a text that is not a seed. */
export function publicKeys({ issuer, gate, system, keeper }: ClusterSeeds): PublicKeys {
  const of = (seed: string) => fromSeed(new TextEncoder().encode(seed)).getPublicKey();
  return { issuerKey: of(issuer), gateKey: of(gate), systemKey: of(system), keeperKey: of(keeper) };
}
