// The phases in which an adopted environment becomes what the program says: what each changes, what has to be done by hand
// around it, and the way back. docs/adoption.md explains them.
import type { Adoption } from '../../stacks/adoption-plan.ts';
import { exceptionsFile, withExceptions } from './exceptions.ts';

/** One phase. */
export interface Phase {
  title: string;
  /** What devices notice. */
  devices: string;
  /** In order; a command where there is one. */
  steps: string[];
  /** How to go back. */
  back: string;
}

/** What the texts name. */
export interface Names {
  stack: string;
  group: string;
  machine: string;
  functionApp: string;
  securityGroup: string;
}

/** The five phases. @param names of what was recorded. */
export function phases({ stack, group, machine, functionApp, securityGroup }: Names, plan: Adoption): Phase[] {
  const except = `npm run ops -- adopt exceptions --stack ${stack}`;
  const go = (phase: number) => `npm run ops -- adopt phase ${phase} --stack ${stack} && ${except}`;
  const up = `pulumi up --stack ${stack} ${withExceptions(stack)}`;
  const { publicUntil, gatewayUntil } = plan;
  return [
    {
      title: 'Phase 0: take over',
      devices: 'Nothing.',
      steps: [
        'make room for the new tables: npm run ops -- adopt table-aside --role ROLE, ROLE being who the old ingest signs in as; look that readings still arrive, in before_adoption.telemetry',
        `${except}: for what a later phase ends, the policies get exceptions with the phase's date. Whatever else they object to stops the deployment`,
        `${up}, with DATABASE_URL of the database's owner: imports what runs, changes none of it, and makes the new parts beside it (vault, identities, logs, alerts, budget). Read the preview: every old resource says "import", none "replace" or "delete"`,
        'commit the stack file',
      ],
      back: `pulumi state unprotect and pulumi state delete for each imported resource, then pulumi destroy --stack ${stack}: what was imported is out of the state before, so it is not deleted. npm run ops -- adopt table-back --role ROLE`,
    },
    {
      title: 'Phase 1: network',
      devices: 'Nothing: 8883 and every port that devices use stay open.',
      steps: [
        `look that you can come in from an address of adminCidrs: from now on SSH is open to no other`,
        `${go(1)} && ${up}`,
        `register every device (npm run ops -- device add ...), give it its key and the CA of the output brokerCaCertificate, beside the old one; put a gateway where a device cannot be changed (docs/adoption.md), by ${publicUntil}`,
        `devices may keep their topics until ${gatewayUntil}: npm run ops -- device former-topic list --from-table before_adoption.telemetry --stack ${stack} prints the command for each topic; look at each, and run it before the cut-over`,
      ],
      back: `${go(0)} && ${up}: the recorded rules are in force again. Locked out: az serial-console connect --resource-group ${group} --name ${machine}`,
    },
    {
      title: 'Phase 2: cut-over of broker and ingest',
      devices: `A pause of some minutes in which clients keep what they have and reconnect. From then on 8883 only, with the new certificate and one key a device; who cannot, goes through a gateway until ${gatewayUntil}.`,
      steps: [
        `not before nobody uses the old ways in: on the machine, ss -Htn state established "( sport = :1883 )" shows no address of a device for a week`,
        `az vm update --resource-group ${group} --name ${machine} --set storageProfile.osDisk.deleteOption=Detach: the old disk outlives the machine`,
        `keep devices out while the old queue is emptied: az network nsg rule create --resource-group ${group} --nsg-name ${securityGroup} --name pause --priority 200 --access Deny --protocol Tcp --destination-port-ranges 1883 8883, and --name pause-ingest --priority 190 --access Allow with --source-address-prefixes of az functionapp show --query outboundIpAddresses`,
        "wait until the old ingest has taken all: mosquitto_sub -t '$SYS/broker/store/messages/count' no longer falls",
        `az functionapp stop --resource-group ${group} --name ${functionApp}`,
        `${go(2)} && ${up}: the machine is replaced, its address stays; npm run verify -- --target ${stack}`,
      ],
      back: `${go(1)} && ${up}: the machine comes back around its old disk; az functionapp start --resource-group ${group} --name ${functionApp}. Readings of the time between stay in public.telemetry`,
    },
    {
      title: 'Phase 3: storage',
      devices: 'Nothing.',
      steps: [
        `${go(3)} && ${up}: the storage account takes no keys and no old TLS any more`,
        'change every password that the old app had among its settings: it has been readable there',
      ],
      back: `${go(2)} && ${up}`,
    },
    {
      title: 'Phase 4: what is left',
      devices: 'Nothing.',
      steps: [
        'not before a month without a reason to go back to phase 1',
        `npm run ops -- adopt phase 4 --stack ${stack} && pulumi up --stack ${stack} --policy-pack policies: there is nothing left to except. The old app and its plan are deleted; the old disk and its logs leave the stack and stay in Azure`,
        `delete them when you need them no more: az disk delete, az monitor app-insights component delete`,
        `rm ${exceptionsFile(stack)}; from now on deployments run in CI`,
      ],
      back: 'None for the app; Azure keeps a deleted one for 30 days (az webapp deleted restore). The disk is still there',
    },
  ];
}
