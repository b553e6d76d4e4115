// Collects the settings of a web or function app from every place where azure-native accepts them.
import { at, isObject, type Known, UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { WEB_APP, WEB_APP_SLOT } from '../types.ts';

/** One setting of an app. */
export interface Setting {
  name: string;
  value: Known;
  /** True in the connection string section, where every value is a connection string whatever its name. */
  isConnectionString: boolean;
}

/** Apps and their slots. */
export const SITES: readonly string[] = [WEB_APP, WEB_APP_SLOT];
const SETTINGS = ['azure-native:web:WebAppApplicationSettings', 'azure-native:web:WebAppApplicationSettingsSlot'];
const CONNECTIONS = ['azure-native:web:WebAppConnectionStrings', 'azure-native:web:WebAppConnectionStringsSlot'];

/** Every type whose settings are read. */
export const SETTINGS_TYPES: readonly string[] = [...SITES, ...SETTINGS, ...CONNECTIONS];

/** A list of name and value pairs; undefined when the list or a name in it is not known. */
function fromList(list: Known, valueKey: string, isConnectionString: boolean): Setting[] | undefined {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) return undefined;
  const settings = list.map((entry): Setting | undefined => {
    const name = at(entry, 'name');
    return typeof name === 'string' ? { name, value: at(entry, valueKey), isConnectionString } : undefined;
  });
  return settings.every((setting) => setting !== undefined) ? settings : undefined;
}

function fromMap(map: Known, isConnectionString: boolean): Setting[] | undefined {
  if (map === undefined || map === null) return [];
  if (!isObject(map)) return undefined;
  return Object.entries(map).map(([name, entry]) => ({
    name,
    value: isConnectionString ? at(entry, 'value') : entry,
    isConnectionString,
  }));
}

/** All settings of the resource; undefined when the list is not known. */
export function settingsOf({ type, props }: Resource): Setting[] | undefined {
  if (SETTINGS.includes(type)) return fromMap(props.properties, false);
  if (CONNECTIONS.includes(type)) return fromMap(props.properties, true);
  if (props.siteConfig === UNKNOWN) return undefined;
  const settings = fromList(at(props, 'siteConfig', 'appSettings'), 'value', false);
  const connections = fromList(at(props, 'siteConfig', 'connectionStrings'), 'connectionString', true);
  return settings === undefined || connections === undefined ? undefined : [...settings, ...connections];
}
