// What a stand-in provider knows of its resources; provider.ts turns it into a Pulumi provider.
import type { Cloud } from './cloud.ts';
import type { Change, WireObject } from './values.ts';

/** A resource, as a call names it. */
export interface Subject {
  /** Token of its type, `azure-native:network:Subnet`. */
  type: string;
  urn: string;
}

/** What is to be checked. */
export interface Checked extends Subject {
  /** Previous inputs; empty for a new resource. */
  olds: WireObject;
  news: WireObject;
  /** For a name of its own; the engine's, so a preview and its deployment have the same one. */
  seed: Buffer;
}

/** What is compared. */
export interface Compared extends Subject {
  olds: WireObject;
  news: WireObject;
  /** Previous outputs. */
  state: WireObject;
}

/** What is made or changed. */
export interface Made extends Subject {
  id: string;
  inputs: WireObject;
  /** The previous one, if it is changed. */
  state?: WireObject;
  oldInputs?: WireObject;
}

/** Outside of the resources. */
export interface Surroundings {
  cloud: Cloud;
  /** The provider's configuration. */
  config: Record<string, string>;
  /** What the engine was started with. */
  env: NodeJS.ProcessEnv;
  /** The folder of the project. */
  folder: string;
  /** What every generated secret begins with, so that it is found wherever it gets to. */
  canary: string;
}

export interface Model {
  /** True when what it makes exists in the state alone: nothing is read, nothing is found to exist already. */
  stateOnly?: boolean;
  /** The answer of a provider function. @throws Error when there is no such function. */
  invoke?(token: string): WireObject;
  /** Inputs to add, and what is wrong. */
  check?(given: Checked): { added?: WireObject; failures?: string[] };
  /** Previous inputs, with what only the outputs have. */
  remembered?(compared: Compared): WireObject;
  /** Differences that no input shows. */
  more?(compared: Compared): Change[];
  replaces(change: Change, compared: Compared): boolean;
  /** A replacement deletes the old one first. */
  deletesFirst?(compared: Compared): boolean;
  /** Outputs as far as a preview knows them. @param state the previous state, for a change. */
  previewed(type: string, inputs: WireObject, state?: WireObject): WireObject;
  idOf(made: Omit<Made, 'id'>): string;
  /** True when making it is refused as long as it exists. */
  isRefusedWhenThere?(type: string): boolean;
  /** Outputs. @throws Error when it is refused. */
  make(made: Made): WireObject | Promise<WireObject>;
  /** Deletes it. Default: with what is below it. @throws Error when it is refused. */
  remove?(id: string): void;
  /** Inputs, from what is there. @param before previous inputs and outputs; none for an import. */
  inputsOf?(
    type: string,
    id: string,
    outputs: WireObject,
    before?: { inputs: WireObject; state: WireObject },
  ): WireObject;
}
