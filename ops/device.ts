// `ops device`: tenants' devices and their keys. A change takes effect on the broker within seconds.
import { mkdirSync } from 'node:fs';
import { Command } from 'commander';
import { withConnection } from '../provisioning/database/connect.ts';
import {
  addDevice,
  type DeviceKey,
  type DeviceName,
  deleteDevice,
  listDevices,
  rotateDevice,
  setDeviceEnabled,
} from '../provisioning/database/registry.ts';
import { confirmDeletion, deleteDeviceData } from './delete.ts';
import { importCommand } from './device-import.ts';
import { brokerOf, savePublishSettings, showKey } from './device-key.ts';
import { formerTopicCommand } from './former-topic.ts';
import { rulesCommand } from './reading-rules.ts';
import { findPlace, type Place, type TargetOptions, withTarget } from './target/find.ts';

/** Options of commands that make a key. */
interface KeyOptions extends TargetOptions {
  save?: string;
  host?: string;
  json?: true;
}

/** The `device` command. */
export function deviceCommand(): Command {
  return new Command('device')
    .description("tenants' devices and their keys")
    .addCommand(add())
    .addCommand(list())
    .addCommand(simple('disable', 'lock a device out', (client, device) => setDeviceEnabled(client, device, false)))
    .addCommand(
      simple('enable', 'let a device connect again', (client, device) => setDeviceEnabled(client, device, true)),
    )
    .addCommand(importCommand())
    .addCommand(rotate())
    .addCommand(remove())
    .addCommand(rulesCommand())
    .addCommand(formerTopicCommand());
}

function add(): Command {
  return withKeyOptions(deviceSubcommand('add', 'add a device and show its key, once'))
    .option('--create-tenant', 'make the tenant if it is missing')
    .option('--name <name>', "the device's display name (default: its slug)")
    .addHelpText(
      'after',
      `
Examples:
  npm run ops -- device add acme sensor-1 --create-tenant
  npm run ops -- device add acme sensor-2 --save ~/sensor-2`,
    )
    .action(async (tenant: string, device: string, options: KeyOptions & { createTenant?: true; name?: string }) => {
      const { createTenant, name } = options;
      await giveKey({ tenant, device }, options, ({ database }) =>
        withConnection(database, (client) => addDevice(client, { tenant, device, createTenant, name })),
      );
    });
}

function rotate(): Command {
  return withKeyOptions(deviceSubcommand('rotate', 'replace the key of a device and show the new one, once')).action(
    async (tenant: string, device: string, options: KeyOptions) => {
      await giveKey({ tenant, device }, options, ({ database }) =>
        withConnection(database, (client) => rotateDevice(client, { tenant, device })),
      );
    },
  );
}

function list(): Command {
  return withTarget(new Command('list'))
    .description('list devices, with when each was last seen (UTC)')
    .argument('[tenant]', "only this tenant's")
    .option('--json', 'as JSON')
    .action(async (tenant: string | undefined, { json, ...options }: TargetOptions & { json?: true }) => {
      const devices = await withConnection(findPlace(options).database, (client) => listDevices(client, tenant));
      if (json) return console.log(JSON.stringify(devices, null, 2));
      const width = Math.max(0, ...devices.map(({ tenant, device }) => tenant.length + device.length + 1));
      for (const { tenant, device, name, enabled, keyCreatedAt, lastSeenAt, tags } of devices) {
        const seen = `last seen ${lastSeenAt ? lastSeenAt.toISOString().slice(0, 16) : 'never'}`.padEnd(26);
        const key = keyCreatedAt ? `key of ${keyCreatedAt.toISOString().slice(0, 10)}` : 'no key           ';
        const state = enabled ? 'enabled ' : 'disabled';
        console.log(
          [`${tenant} ${device}`.padEnd(width), state, seen, key, name, ...tags.map((tag) => `#${tag}`)].join('  '),
        );
      }
      console.log(devices.length === 1 ? '1 device' : `${devices.length} devices`);
    });
}

function simple(verb: string, description: string, work: (...args: Parameters<typeof deleteDevice>) => Promise<void>) {
  return deviceSubcommand(verb, description).action(async (tenant: string, device: string, options: TargetOptions) => {
    await withConnection(findPlace(options).database, (client) => work(client, { tenant, device }));
    console.log(`device ${tenant}.${device}: ${verb}d`);
  });
}

function remove(): Command {
  return deviceSubcommand('delete', 'remove a device; its readings stay until retention removes them')
    .option('--readings', 'delete its readings, too, also those of a device that was deleted before')
    .option('--yes', 'with --readings: do not ask')
    .action(async (tenant: string, device: string, { readings, yes, ...options }: RemoveOptions) => {
      await withConnection(findPlace(options).database, async (client) => {
        if (!readings) return deleteDevice(client, { tenant, device });
        await confirmDeletion(
          `Device ${tenant}.${device}, with its readings and dead letters, also archived ones, will be deleted.`,
          `${tenant}.${device}`,
          yes,
        );
        await deleteDeviceData(client, { tenant, device });
      });
      console.log(
        `device ${tenant}.${device}: deleted${readings ? '; its readings follow, "tenant list" shows how far that is' : ''}`,
      );
    });
}

type RemoveOptions = TargetOptions & { readings?: true; yes?: true };

const deviceSubcommand = (verb: string, description: string) =>
  withTarget(new Command(verb))
    .description(description)
    .argument('<tenant>', 'slug of the tenant')
    .argument('<device>', 'slug of the device');

const withKeyOptions = (command: Command) =>
  command
    .option(
      '--save <folder>',
      'write ready mosquitto_pub settings with the key into this folder, instead of showing the key',
    )
    .option('--host <host>', "the broker's host name, for the settings")
    .option('--json', 'print the result, key included, as JSON');

async function giveKey(device: DeviceName, options: KeyOptions, work: (place: Place) => Promise<DeviceKey>) {
  const place = findPlace(options);
  const broker = options.json ? undefined : brokerOf(place, options.host);
  // Before the key is made: a key that cannot be shown or stored is lost.
  if (options.save) mkdirSync(options.save, { recursive: true, mode: 0o700 });
  const made = await work(place);
  if (!broker) console.log(JSON.stringify(made, null, 2));
  else if (options.save) savePublishSettings(options.save, device, made, broker);
  else showKey(device, made, broker);
}
