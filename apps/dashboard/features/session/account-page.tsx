'use client';
// The signed-in person's own account: password, e-mail address, second factor, sessions.
import type { Session } from '@supabase/auth-js';
import { useRouter } from 'next/navigation';
import { type ReactNode, useEffect, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { DeleteAccountForm } from '../deletion/delete-account-form.tsx';
import { CardPage } from '../shell/card-page.tsx';
import { changeAddress, signOutElsewhere } from './account.ts';
import styles from './account-page.module.css';
import { clients } from './clients.ts';
import { loadConfig } from './config.ts';
import { messageOf } from './errors.ts';
import { takeMyAddress } from './own-address.ts';
import { PasswordForm } from './password-form.tsx';
import { SecondFactorSection } from './second-factor-section.tsx';
import { useSession } from './session.tsx';
import { useSubmit } from './use-submit.tsx';

const authOfThisDevice = async () => (await clients()).auth;

export function AccountPage() {
  const session = useSession();
  const router = useRouter();
  useEffect(() => {
    if (session.status === 'signed-out') router.replace('/sign-in?next=%2Faccount');
  }, [session.status, router]);
  const email = session.status === 'signed-in' ? (session.session.user.email ?? '') : '';
  return (
    <CardPage title={t('Your account')} about={email && t('You are signed in as {email}.', { email })}>
      {session.status === 'failed' && <Notice tone="danger">{messageOf(session.error)}</Notice>}
      {session.status === 'signed-in' ? (
        <Sections session={session.session} />
      ) : (
        session.status !== 'failed' && <Skeleton lines={8} />
      )}
      <ButtonLink variant="quiet" wide href="/admin/devices">
        {t('Back to devices')}
      </ButtonLink>
    </CardPage>
  );
}

function Sections({ session }: { session: Session }) {
  const [config, setConfig] = useState({ sendsMail: true, hasSecondFactor: false });
  useEffect(() => {
    loadConfig().then(setConfig, () => {});
    // Where the link of a changed address was opened in another browser.
    takeMyAddress().catch(() => {});
  }, []);
  const email = session.user.email ?? '';
  return (
    <>
      <Part title={t('Password')} action={t('Change password')}>
        {(done) => (
          <PasswordForm
            email={email}
            auth={authOfThisDevice}
            onDone={() => done(t('Your password has been changed. Other devices are signed out.'))}
          />
        )}
      </Part>
      <Part title={t('E-mail address')} action={t('Change address')}>
        {(done) => <AddressForm email={email} sendsMail={config.sendsMail} onDone={done} />}
      </Part>
      {config.hasSecondFactor && <SecondFactorSection auth={authOfThisDevice} />}
      <Part title={t('Other devices')} action={t('Sign out everywhere else')}>
        {(done) => <SignOutForm onDone={done} />}
      </Part>
      <Part title={t('Delete account')} action={t('Delete my account…')}>
        {() => <DeleteAccountForm email={email} />}
      </Part>
    </>
  );
}

interface PartProps {
  title: string;
  action: string;
  /** What is there once the button was pressed; `done` takes it away again, with a sentence. */
  children: (done: (sentence: string) => void) => ReactNode;
}

function Part({ title, action, children }: PartProps) {
  const [isOpen, setIsOpen] = useState(false);
  const [sentence, setSentence] = useState('');
  const done = (said: string) => {
    setSentence(said);
    setIsOpen(false);
  };
  return (
    <section className={styles.part} aria-label={title}>
      <h2>{title}</h2>
      {sentence && <Notice tone="ok">{sentence}</Notice>}
      {isOpen ? (
        <>
          {children(done)}
          <Button variant="quiet" wide onClick={() => setIsOpen(false)}>
            {t('Cancel')}
          </Button>
        </>
      ) : (
        <Button wide onClick={() => setIsOpen(true)}>
          {action}
        </Button>
      )}
    </section>
  );
}

interface FormProps {
  onDone: (sentence: string) => void;
}

function AddressForm({ email, sendsMail, onDone }: FormProps & { email: string; sendsMail: boolean }) {
  const { busy, submit, problem } = useSubmit(async (form) => {
    const next = String(form.get('email')).trim();
    await changeAddress(next);
    const sent = t(
      'Two e-mails are on their way, one to {email} and one to {next}. Open the link in both. Until then you sign in as {email}.',
      { email, next },
    );
    onDone(
      sendsMail
        ? sent
        : `${sent} ${t('This platform sends no mail: its operator finds the links in front-door.log or with “compose logs api”.')}`,
    );
  });
  return (
    <form method="post" onSubmit={submit}>
      {problem}
      <Field
        label={t('New e-mail address')}
        name="email"
        type="email"
        autoComplete="email"
        hint={t('Both addresses, the old and the new one, are sent a link to confirm the change.')}
        required
        autoFocus
      />
      <Button type="submit" variant="primary" busy={busy} wide>
        {t('Send both links')}
      </Button>
    </form>
  );
}

function SignOutForm({ onDone }: FormProps) {
  const { busy, submit, problem } = useSubmit(async () => {
    await signOutElsewhere();
    onDone(t('You are signed out everywhere else.'));
  });
  return (
    <form method="post" onSubmit={submit}>
      {problem}
      <p>{t('Other browsers and devices will need your password again. This one stays signed in.')}</p>
      <Button type="submit" variant="danger" busy={busy} wide>
        {t('Sign out the others')}
      </Button>
    </form>
  );
}
