'use client';
// How to connect a device: a program is chosen, its files and its code are shown.
import { Download } from 'lucide-react';
import { type ReactNode, useState } from 'react';
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
  code: (access: DeviceAccess) => Record<string, string>;
  /** It reads the settings file of mosquitto_pub. */
  hasSettings?: boolean;
}

const saved = ({ hasPrivateCa }: DeviceAccess) => (hasPrivateCa ? 'Save both files in one folder' : 'Save the file');
const besideCa = ({ hasPrivateCa }: DeviceAccess, beside: string) => hasPrivateCa && `, and ca.pem next to ${beside}`;

const WAYS: Record<string, Way> = {
  shell: {
    label: 'Linux, macOS: mosquitto_pub',
    note: (access) => `${saved(access)}, then run the commands there. The key stays off the command line.`,
    code: (access) => ({ command: mosquittoCommand(access), 'command that receives': mosquittoReceive(access) }),
    hasSettings: true,
  },
  windows: {
    label: 'Windows: mosquitto_pub in PowerShell',
    note: (access) =>
      `Install Mosquitto for Windows. ${saved(access)}, then run this there. The key stays off the command line.`,
    code: (access) => ({ commands: windowsCommands(access) }),
    hasSettings: true,
  },
  arduino: {
    label: 'ESP32: Arduino',
    note: () => 'The sketch has the key in it: keep it out of public repositories. Enter your Wi-Fi.',
    code: (access) => ({ sketch: arduinoSketch(access) }),
  },
  node: {
    label: 'Node.js',
    note: (access) => (
      <>
        Save as <code>device.mjs</code>. Put the key in the environment variable MQTT_KEY
        {besideCa(access, 'the program')}.
      </>
    ),
    code: (access) => ({ 'Node.js program': nodeProgram(access) }),
  },
  python: {
    label: 'Python',
    note: (access) => <>Put the key in the environment variable MQTT_KEY{besideCa(access, 'the program')}.</>,
    code: (access) => ({ 'Python program': pythonProgram(access) }),
  },
  telegraf: {
    label: 'Telegraf',
    note: (access) => (
      <>
        Put the key in the environment variable MQTT_KEY{besideCa(access, 'the configuration')}. Under Messages, name{' '}
        <code>timestamp</code> as time member. Telegraf only publishes: to read commands it would open a second
        connection, which ends the first.
      </>
    ),
    code: (access) => ({ configuration: telegrafConfig(access) }),
  },
  nodered: {
    label: 'Node-RED',
    note: (access) =>
      `Import the flow, then enter the user name ${access.username} and the key in its broker node${access.hasPrivateCa ? ', and the path of ca.pem in its TLS node' : ''}.`,
    code: (access) => ({ flow: nodeRedFlow(access) }),
  },
  homeassistant: {
    label: 'Home Assistant',
    note: ({ host, port, username, hasPrivateCa }) =>
      `Under Settings > Devices & services > MQTT enter broker ${host}, port ${port}, user name ${username} and the key. Choose MQTT protocol 5 and, as broker certificate validation, ${hasPrivateCa ? 'Custom with ca.pem' : 'Auto'}. Switch discovery, birth and will message off: their topics are not this device’s. Then add to configuration.yaml:`,
    code: (access) => ({ configuration: homeAssistantConfig(access) }),
  },
};

/** @param access its key may be the placeholder: then the text says where the key goes. */
export function Ways({ access }: { access: DeviceAccess }) {
  const [chosen, setChosen] = useState('shell');
  const way = WAYS[chosen]!;
  return (
    <>
      <Choice label="Program" value={chosen} onChange={({ target }) => setChosen(target.value)}>
        {Object.entries(WAYS).map(([value, { label }]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </Choice>
      <p>{way.note(access)}</p>
      {access.key === KEY_PLACEHOLDER && way.hasSettings && (
        <p>
          Replace <code>{KEY_PLACEHOLDER}</code> in the settings file with the key.
        </p>
      )}
      <div className={styles.files}>
        {way.hasSettings && (
          <DownloadButton name={settingsName(access)} text={mosquittoSettings(access)}>
            <Download aria-hidden />
            Settings
          </DownloadButton>
        )}
        {access.hasPrivateCa && (
          <ButtonLink href="/api/ca.pem" download="ca.pem">
            <Download aria-hidden />
            CA certificate
          </ButtonLink>
        )}
      </div>
      {Object.entries(way.code(access)).map(([label, text]) => (
        <CopyBlock key={label} text={text} label={label} />
      ))}
    </>
  );
}
