'use client';
// The account's authenticator apps: setting one up, by QR code or text, and removing it.
import { useCallback, useEffect, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { CopyBlock } from '../../ui/copy.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { QrCode } from '../devices/qr-code.tsx';
import type { Auth } from './account.ts';
import styles from './account-page.module.css';
import { CodeForm } from './code-form.tsx';
import { messageOf } from './errors.ts';
import type { SecondFactor } from './factors.ts';
import { beginFactor, type Enrolment, listFactors, removeFactor } from './second-factor.ts';

export function SecondFactorSection({ auth }: { auth: () => Promise<Auth> }) {
  const [factors, setFactors] = useState<SecondFactor[]>();
  const [enrolment, setEnrolment] = useState<Enrolment>();
  const [leaving, setLeaving] = useState<SecondFactor>();
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<{ tone: 'ok' | 'danger'; text: string }>();
  const fail = useCallback((error: unknown) => setSaid({ tone: 'danger', text: messageOf(error) }), []);
  const read = useCallback(async () => setFactors(await listFactors(await auth())), [auth]);
  useEffect(() => {
    read().catch(fail);
  }, [read, fail]);

  async function begin() {
    setBusy(true);
    setSaid(undefined);
    try {
      // A name that is not taken yet: the auth service insists.
      setEnrolment(await beginFactor(await auth(), `${t('Authenticator')}, ${new Date().toISOString().slice(0, 16)}Z`));
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <section className={styles.part} aria-label={t('Second factor')}>
      <h2>{t('Second factor')}</h2>
      {said && <Notice tone={said.tone}>{said.text}</Notice>}
      {!factors && !said && <Skeleton lines={2} />}
      {factors && factors.length > 0 && (
        <ul className={styles.factors}>
          {factors.map((factor) => (
            <li key={factor.id}>
              {factor.friendly_name}
              <Button
                variant="quiet"
                aria-label={t('Remove {name}', { name: factor.friendly_name ?? '' })}
                onClick={() => setLeaving(factor)}
              >
                {t('Remove')}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {factors && !enrolment && (
        <>
          <p>
            {factors.length === 0
              ? t('With a second factor, you sign in with your password and a code from an authenticator app.')
              : t(
                  'You sign in with your password and a code from one of these. Another one, on another device, helps when the first is lost.',
                )}
          </p>
          <Button wide busy={busy} onClick={begin}>
            {factors.length === 0 ? t('Set up an authenticator app') : t('Set up another')}
          </Button>
        </>
      )}
      {enrolment && (
        <>
          <p>
            {t('Scan this with your authenticator app, or type the secret into it. Then enter the code that it shows.')}
          </p>
          <QrCode text={enrolment.uri} label={t('QR code for your authenticator app')} />
          <CopyBlock text={enrolment.secret} label={t('secret')} />
          <CodeForm
            auth={auth}
            factors={[enrolment]}
            action={t('Confirm')}
            onDone={async () => {
              setEnrolment(undefined);
              setSaid({
                tone: 'ok',
                text: t('The second factor is set up. Devices that were signed in without it are signed out.'),
              });
              await read();
            }}
          />
          <Button variant="quiet" wide onClick={() => setEnrolment(undefined)}>
            {t('Cancel')}
          </Button>
        </>
      )}
      {leaving && (
        <Confirm
          title={t('Remove {name}?', { name: leaving.friendly_name ?? '' })}
          action={t('Remove second factor')}
          onClose={() => setLeaving(undefined)}
          onConfirm={async () => {
            await removeFactor(await auth(), leaving.id);
            setLeaving(undefined);
            setSaid({ tone: 'ok', text: t('The authenticator app has been removed.') });
            await read();
          }}
        >
          <p>{t('Unless you have another one, you then sign in with your password alone.')}</p>
        </Confirm>
      )}
    </section>
  );
}
