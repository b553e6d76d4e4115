// A scenario: a component with its required arguments only, with all of them, or as hard to attack as possible. A test plans them,
// and docs/reference/components.md shows them.
import type { ComponentResource } from '@pulumi/pulumi';
import type { Access } from '../../access.ts';
import type { BackupStore } from '../../backup-store.ts';
import type { BrokerMachine } from '../../broker-machine.ts';
import type { BundleStore } from '../../bundle-store.ts';
import type { Credentials } from '../../credentials.ts';
import type { FunctionApp } from '../../function-app.ts';
import type { Identities } from '../../identities.ts';
import type { LogWorkspace } from '../../log-workspace.ts';
import type { MqttNamespace } from '../../mqtt-namespace.ts';
import type { Network } from '../../network.ts';
import type { Operators } from '../../operators.ts';
import type { Placement } from '../../placement.ts';
import type { Storage } from '../../storage.ts';
import type { TelemetryHub } from '../../telemetry-hub.ts';
import type { UndeliveredStore } from '../../undelivered-store.ts';
import type { Vault } from '../../vault.ts';

/** The scenarios of every component. */
export const SCENARIOS = ['defaults', 'max', 'hardened'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

/** The environment of a scenario, with the components that others need. */
export interface World {
  /** A component's name: all scenarios are one program. */
  name(noun: string): string;
  placement: Placement;
  identities: Identities;
  network: Network;
  credentials: Credentials;
  vault: Vault;
  storage: Storage;
  bundles: BundleStore;
  backups: BackupStore;
  logs: LogWorkspace;
  access: Access;
  broker: BrokerMachine;
  functionApp: FunctionApp;
  operators: Operators;
  mqtt: MqttNamespace;
  hub: TelemetryHub;
  undelivered: UndeliveredStore;
}

/** One component in its scenarios. */
export type Scenarios<T extends ComponentResource = ComponentResource> = Record<ScenarioName, (world: World) => T>;
