'use client';
// A device's new key, shown once, with everything needed to publish, and whether the first reading has arrived.
import { Download } from 'lucide-react';
import { useState } from 'react';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { CopyBlock, DownloadButton } from '../../ui/copy.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import {
  accessFor,
  type DeviceAccess,
  mosquittoCommand,
  mosquittoSettings,
  nodeProgram,
  pythonProgram,
  qrText,
} from './access.ts';
import { FirstReading } from './first-reading.tsx';
import styles from './key-dialog.module.css';
import { QrCode } from './qr-code.tsx';
import { usePlace } from './use-place.ts';

interface Props {
  title: string;
  deviceId: string;
  slug: string;
  keyText: string;
  onClose: () => void;
  /** Waits for the device's very first reading. Default: for the next one. */
  isNew?: boolean;
}

export function KeyDialog({ title, deviceId, slug, keyText, onClose, isNew }: Props) {
  const { tenant } = useTenant();
  const place = usePlace();
  const access = place && accessFor(tenant.slug, slug, keyText, place);
  return (
    <Dialog title={title} onClose={onClose} large firm>
      <Notice tone="warn">
        This is the only time the key is shown. Only its hash is stored; nobody can read it back.
      </Notice>
      <div className={styles.columns}>
        <div className={styles.key}>
          <h3>Key</h3>
          <CopyBlock text={keyText} label="key" />
          <dl className={styles.facts}>
            <dt>User</dt>
            <dd>{access?.username}</dd>
            <dt>Broker</dt>
            <dd>{place && `${place.host}:${place.port}`}</dd>
            <dt>Topic</dt>
            <dd>{access?.topic}</dd>
          </dl>
          {access && <QrCode text={qrText(access)} label="QR code with address, user, key and topic" />}
        </div>
        <div className={styles.how}>
          <h3>Publish a reading</h3>
          {access ? <Ways access={access} /> : <Skeleton lines={4} />}
          <FirstReading deviceId={deviceId} isNew={isNew} />
        </div>
      </div>
      <DialogActions>
        {isNew && (
          <ButtonLink href={`/admin/devices/view?id=${deviceId}`} onClick={onClose}>
            Open device
          </ButtonLink>
        )}
        <Button variant="primary" onClick={onClose}>
          I have stored the key
        </Button>
      </DialogActions>
    </Dialog>
  );
}

const WAYS = [
  { value: 'shell', label: 'mosquitto_pub' },
  { value: 'node', label: 'Node.js' },
  { value: 'python', label: 'Python' },
] as const;

function Ways({ access }: { access: DeviceAccess }) {
  const [way, setWay] = useState<(typeof WAYS)[number]['value']>('shell');
  return (
    <>
      <Segmented label="Program" options={WAYS} value={way} onChange={setWay} />
      {way === 'shell' && (
        <p>
          Save {access.hasPrivateCa ? 'both files in one folder' : 'the file in a folder'}, then run the command there.
          The key stays off the command line.
        </p>
      )}
      {way !== 'shell' && (
        <p>
          Put the key in the environment variable MQTT_KEY{access.hasPrivateCa && ', and ca.pem next to the program'}.
        </p>
      )}
      <div className={styles.files}>
        {way === 'shell' && (
          <DownloadButton name="mosquitto_pub" text={mosquittoSettings(access)}>
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
      {way === 'shell' && <CopyBlock text={mosquittoCommand(access)} label="command" />}
      {way === 'node' && <CopyBlock text={nodeProgram(access)} label="Node.js program" />}
      {way === 'python' && <CopyBlock text={pythonProgram(access)} label="Python program" />}
    </>
  );
}
