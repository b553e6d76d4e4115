'use client';
// How to connect a device whose key is known already: a new one is not needed for that.
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import { accessFor } from './access.ts';
import type { Device } from './devices.ts';
import styles from './key-dialog.module.css';
import { KEY_PLACEHOLDER } from './snippets.ts';
import { usePlace } from './use-place.ts';
import { Ways } from './ways.tsx';

export function ConnectDialog({ device, onClose }: { device: Device; onClose: () => void }) {
  const { tenant } = useTenant();
  const place = usePlace();
  return (
    <Dialog title={t('Connect {name}', { name: device.name })} onClose={onClose} large>
      <p>{t('The device keeps its key. If the key is lost, close this and choose Rotate key.')}</p>
      <div className={styles.how}>
        {place ? <Ways access={accessFor(tenant.slug, device.slug, KEY_PLACEHOLDER, place)} /> : <Skeleton lines={4} />}
      </div>
      <DialogActions>
        <Button variant="primary" onClick={onClose}>
          {t('Close')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
