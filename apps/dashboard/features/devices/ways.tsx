'use client';
// How to connect a device: a program is chosen, its files and its code are shown.
import { Download } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { rich, t } from '../../language/translate.ts';
import { ButtonLink } from '../../ui/button.tsx';
import { CopyBlock, DownloadButton } from '../../ui/copy.tsx';
import { Choice } from '../../ui/field.tsx';
import type { DeviceAccess } from './access.ts';
import styles from './key-dialog.module.css';
import {
  arduinoSketch,
  homeAssistantConfig,
  KEY_PLACEHOLDER,
  mosquittoCommand,
  mosquittoReceive,
  mosquittoSettings,
  nodeProgram,
  nodeRedFlow,
  pythonProgram,
  settingsName,
  telegrafConfig,
  windowsCommands,
} from './snippets.ts';

interface Way {
  label: string;
  /** What to do with the code. */
  note: (access: DeviceAccess) => ReactNode;
  /** Code by what it is called: `Copy command`. */
  code: (access: DeviceAccess) => [name: string, text: string][];
  /** It reads the settings file of mosquitto_pub. */
  hasSettings?: boolean;
}

const saved = ({ hasPrivateCa }: DeviceAccess) =>
  hasPrivateCa ? t('Save both files in one folder') : t('Save the file');
/** Where the key goes, and the CA's certificate. */
const prepared = ({ hasPrivateCa }: DeviceAccess) =>
  hasPrivateCa
    ? t('Put the key in the environment variable MQTT_KEY, and ca.pem next to the program.')
    : t('Put the key in the environment variable MQTT_KEY.');

const WAYS: Record<string, Way> = {
  shell: {
    label: 'Linux, macOS: mosquitto_pub',
    note: (access) =>
      t('{saved}, then run the commands there. The key stays off the command line.', { saved: saved(access) }),
    code: (access) => [
      [t('command'), mosquittoCommand(access)],
      [t('command that receives'), mosquittoReceive(access)],
    ],
    hasSettings: true,
  },
  windows: {
    label: 'Windows: mosquitto_pub in PowerShell',
    note: (access) =>
      t('Install Mosquitto for Windows. {saved}, then run this there. The key stays off the command line.', {
        saved: saved(access),
      }),
    code: (access) => [[t('commands'), windowsCommands(access)]],
    hasSettings: true,
  },
  arduino: {
    label: 'ESP32: Arduino',
    note: () => t('The sketch has the key in it: keep it out of public repositories. Enter your Wi-Fi.'),
    code: (access) => [[t('sketch'), arduinoSketch(access)]],
  },
  node: {
    label: 'Node.js',
    note: (access) => (
      <>
        {rich('Save as {file}.', { file: <code>device.mjs</code> })} {prepared(access)}
      </>
    ),
    code: (access) => [[t('Node.js program'), nodeProgram(access)]],
  },
  python: {
    label: 'Python',
    note: prepared,
    code: (access) => [[t('Python program'), pythonProgram(access)]],
  },
  telegraf: {
    label: 'Telegraf',
    note: (access) => (
      <>
        {access.hasPrivateCa
          ? t('Put the key in the environment variable MQTT_KEY, and ca.pem next to the configuration.')
          : t('Put the key in the environment variable MQTT_KEY.')}{' '}
        {rich(
          'Under Messages, name {member} as time member. Telegraf only publishes: to read commands it would open a second connection, which ends the first.',
          { member: <code>timestamp</code> },
        )}
      </>
    ),
    code: (access) => [[t('configuration'), telegrafConfig(access)]],
  },
  nodered: {
    label: 'Node-RED',
    note: ({ username, hasPrivateCa }) =>
      hasPrivateCa
        ? t(
            'Import the flow, then enter the user name {username} and the key in its broker node, and the path of ca.pem in its TLS node.',
            { username },
          )
        : t('Import the flow, then enter the user name {username} and the key in its broker node.', { username }),
    code: (access) => [[t('flow'), nodeRedFlow(access)]],
  },
  homeassistant: {
    label: 'Home Assistant',
    note: ({ host, port, username, hasPrivateCa }) =>
      t(
        'Under Settings > Devices & services > MQTT enter broker {host}, port {port}, user name {username} and the key. Choose MQTT protocol 5 and, as broker certificate validation, {validation}. Switch discovery, birth and will message off: their topics are not this device’s. Then add to configuration.yaml:',
        { host, port: String(port), username, validation: hasPrivateCa ? t('Custom with ca.pem') : t('Auto') },
      ),
    code: (access) => [[t('configuration'), homeAssistantConfig(access)]],
  },
};

/** @param access its key may be the placeholder: then the text says where the key goes. */
export function Ways({ access }: { access: DeviceAccess }) {
  const [chosen, setChosen] = useState('shell');
  const way = WAYS[chosen]!;
  return (
    <>
      <Choice label={t('Program')} value={chosen} onChange={({ target }) => setChosen(target.value)}>
        {Object.entries(WAYS).map(([value, { label }]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </Choice>
      <p>{way.note(access)}</p>
      {access.key === KEY_PLACEHOLDER && way.hasSettings && (
        <p>
          {rich('Replace {placeholder} in the settings file with the key.', {
            placeholder: <code>{KEY_PLACEHOLDER}</code>,
          })}
        </p>
      )}
      <div className={styles.files}>
        {way.hasSettings && (
          <DownloadButton name={settingsName(access)} text={mosquittoSettings(access)}>
            <Download aria-hidden />
            {t('Settings')}
          </DownloadButton>
        )}
        {access.hasPrivateCa && (
          <ButtonLink href="/api/ca.pem" download="ca.pem">
            <Download aria-hidden />
            {t('CA certificate')}
          </ButtonLink>
        )}
      </div>
      {way.code(access).map(([label, text]) => (
        <CopyBlock key={label} text={text} label={label} />
      ))}
    </>
  );
}
