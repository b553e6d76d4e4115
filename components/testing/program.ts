// Every component in each of its scenarios, in one program. A scenario is an environment of its own.
import { ResourceGroup } from '@pulumi/azure-native/resources/resourceGroup.js';
import { namesFor, type Placement } from '../placement.ts';
import * as machine from './scenarios/machine.ts';
import * as managed from './scenarios/managed.ts';
import * as platform from './scenarios/platform.ts';
import * as proxmox from './scenarios/proxmox.ts';
import { SCENARIOS, type ScenarioName, type World } from './scenarios/scenario.ts';
import * as watching from './scenarios/watching.ts';

function placementOf(environment: ScenarioName): Placement {
  const names = namesFor({ project: 'mqtt-saas', environment, suffix: '1a2b3c' });
  const tags = { environment, project: 'mqtt-saas', owner: 'platform@example.com', costCenter: 'iot-0001' };
  const location = 'northeurope';
  const group = new ResourceGroup(`${environment}-group`, { resourceGroupName: names.own('rg'), location, tags });
  return { resourceGroupName: group.name, resourceGroupId: group.id, location, tags, names };
}

for (const scenario of SCENARIOS) {
  const world = { name: (noun: string) => `${scenario}-${noun}`, placement: placementOf(scenario) } as World;
  world.identities = machine.identities[scenario](world);
  world.network = machine.network[scenario](world);
  machine.brokerDns[scenario](world);
  machine.privateCa[scenario](world);
  world.credentials = platform.credentials[scenario](world);
  world.vault = platform.vault[scenario](world);
  world.storage = platform.storage[scenario](world);
  world.bundles = machine.bundles[scenario](world);
  world.backups = machine.backups[scenario](world);
  world.logs = watching.logs[scenario](world);
  world.access = platform.access[scenario](world);
  world.broker = machine.broker[scenario](world);
  machine.brokerConfiguration[scenario](world);
  machine.iotHub[scenario](world);
  world.hub = managed.telemetryHub[scenario](world);
  world.undelivered = managed.undeliveredStore[scenario](world);
  world.mqtt = managed.mqttNamespace[scenario](world);
  managed.hubDelivery[scenario](world);
  managed.privateHub[scenario](world);
  proxmox.proxmoxMachine[scenario](world);
  platform.database[scenario](world);
  world.functionApp = platform.functionApp[scenario](world);
  platform.functionDeployment[scenario](world);
  platform.dashboardSite[scenario](world);
  world.operators = watching.operators[scenario](world);
  watching.alerts[scenario](world);
  watching.outsideTest[scenario](world);
  watching.budget[scenario](world);
  watching.workbook[scenario](world);
  watching.diagnostics[scenario](world);
}
