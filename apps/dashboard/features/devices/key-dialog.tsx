'use client';
// A device's new key, shown once, with everything needed to publish, and whether the first reading has arrived.
import { useRouter } from 'next/navigation';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { CopyBlock } from '../../ui/copy.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { useGuard } from '../../ui/use-guard.ts';
import { useTenant } from '../tenants/tenant.tsx';
import { accessFor, qrText } from './access.ts';
import { FirstReading } from './first-reading.tsx';
import styles from './key-dialog.module.css';
import { QrCode } from './qr-code.tsx';
import { usePlace } from './use-place.ts';
import { Ways } from './ways.tsx';

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
  const router = useRouter();
  const { tried, release } = useGuard();
  return (
    <Dialog title={title} onClose={onClose} large firm>
      <Notice tone={tried ? 'danger' : 'warn'}>
        {tried && `${t('Store the key before you leave this page.')} `}
        {t('This is the only time the key is shown. Only its hash is stored; nobody can read it back.')}
      </Notice>
      <div className={styles.columns}>
        <div className={styles.key}>
          <h3>{t('Key')}</h3>
          <CopyBlock text={keyText} label={t('key')} />
          <dl className={styles.facts}>
            <dt>{t('User')}</dt>
            <dd>{access?.username}</dd>
            <dt>{t('Broker')}</dt>
            <dd>{place && `${place.host}:${place.port}`}</dd>
            <dt>{t('Topic')}</dt>
            <dd>{access?.topic}</dd>
          </dl>
          {access && <QrCode text={qrText(access)} label={t('QR code with address, user, key and topic')} />}
        </div>
        <div className={styles.how}>
          <h3>{t('Publish a reading')}</h3>
          {access ? <Ways access={access} /> : <Skeleton lines={4} />}
          <FirstReading deviceId={deviceId} isNew={isNew} />
        </div>
      </div>
      <DialogActions>
        {isNew && (
          <Button
            onClick={async () => {
              await release();
              onClose();
              router.push(`/admin/devices/view?id=${deviceId}`);
            }}
          >
            {t('Open device')}
          </Button>
        )}
        <Button variant="primary" onClick={() => release().then(onClose)}>
          {t('I have stored the key')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
