'use client';
// Where every mailed link ends: a password to set, a changed address, or why the link did not work and how to get another.
import { useRouter } from 'next/navigation';
import { useEffect, useState } from 'react';
import { type PlainMessage, t } from '../../language/translate.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { CardPage } from '../shell/card-page.tsx';
import { AccountError, keepSession, type Opened, openLink, SENTENCES, unsealLink } from './account.ts';
import { CodeForm } from './code-form.tsx';
import { messageOf } from './errors.ts';
import { factorsOf, needsCode } from './factors.ts';
import { forgetLink, keepOpened, keepRefused, keptLink, type MailedLink } from './mailed-link.ts';
import { takeMyAddress } from './own-address.ts';
import { PasswordForm } from './password-form.tsx';
import { ResetForm } from './reset-form.tsx';
import { useSession } from './session.tsx';

export function LinkPage() {
  const [link, setLink] = useState<MailedLink>();
  useEffect(() => {
    setLink(keptLink());
    // A link to this page differs only in its fragment, so the browser loads nothing.
    const again = () => location.reload();
    addEventListener('hashchange', again);
    return () => removeEventListener('hashchange', again);
  }, []);
  if (link === undefined) return <Checking />;
  if (link.kind === 'session') return <CheckedLink {...link} />;
  if (link.kind === 'sealed') return <SealedLink {...link} />;
  if (link.kind === 'refused') return <RefusedLink {...link} />;
  if (link.kind === 'half') {
    return (
      <CardPage
        title={t('One more link')}
        about={t(
          'Changing your e-mail address takes two links: one was sent to the old address, one to the new. Open the other one as well.',
        )}
      />
    );
  }
  return (
    <CardPage
      title={t('No link was opened')}
      about={t('Open the link in the e-mail you were sent. This page then tells you what happened.')}
    >
      <ButtonLink variant="primary" wide href="/sign-in">
        {t('Sign in')}
      </ButtonLink>
    </CardPage>
  );
}

const Checking = () => (
  <CardPage title={t('Checking your link')}>
    <Skeleton lines={3} />
  </CardPage>
);

/** Opens it at once: the auth service has checked it before it sent the browser here. */
function CheckedLink({ type, accessToken, refreshToken, next }: Extract<MailedLink, { kind: 'session' }>) {
  const [link, setLink] = useState<Opened>();
  const [failure, setFailure] = useState<unknown>();
  useEffect(() => {
    openLink(accessToken, refreshToken).then(setLink, setFailure);
  }, [accessToken, refreshToken]);
  if (failure) return <FailedLink failure={failure} next={next} />;
  return link ? <OpenedLink {...{ type, next, link }} /> : <Checking />;
}

/** Opened by a click, so that a mail server that opens every link does not use it up. */
function SealedLink({ type, tokenHash, next }: Extract<MailedLink, { kind: 'sealed' }>) {
  const [link, setLink] = useState<Opened>();
  const [failure, setFailure] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  if (link) return <OpenedLink {...{ type, next, link }} />;
  if (failure) return <FailedLink failure={failure} next={next} />;
  const open = async () => {
    setBusy(true);
    const opened = await unsealLink(type, tokenHash);
    keepOpened(type, opened.session, next);
    setLink(opened);
  };
  return (
    <CardPage title={t('Use this link?')} about={t('It works once. Nothing changes before the next page.')}>
      <Button variant="primary" wide busy={busy} onClick={() => open().catch(setFailure)}>
        {t('Continue')}
      </Button>
    </CardPage>
  );
}

function OpenedLink({ type, next, link }: { type: string; next: string; link: Opened }) {
  const router = useRouter();
  const session = useSession();
  const [problem, setProblem] = useState('');
  const [hasCode, setHasCode] = useState(false);
  const email = link.session.user.email ?? '';
  const goOn = async () => {
    await keepSession(link.auth);
    if (type === 'email_change') await takeMyAddress();
    forgetLink();
    router.replace(next);
  };
  if (type === 'email_change') {
    if (session.status === 'loading') return <Checking />;
    // The maker of a link chooses its session and its type: without a password, it must not sign in anybody else.
    const isMine = session.status === 'signed-in' && session.session.user.id === link.session.user.id;
    return (
      <CardPage title={t('Your address has been changed')} about={t('You sign in as {email} from now on.', { email })}>
        {problem && <Notice tone="danger">{problem}</Notice>}
        {isMine ? (
          <Button variant="primary" wide onClick={() => goOn().catch((error) => setProblem(messageOf(error)))}>
            {t('Continue')}
          </Button>
        ) : (
          <ButtonLink variant="primary" wide href="/sign-in" onClick={forgetLink}>
            {t('Sign in')}
          </ButtonLink>
        )}
      </CardPage>
    );
  }
  if (needsCode(link.session) && !hasCode) {
    return (
      <CardPage
        title={t('Enter your code')}
        about={t('{email} has a second factor. A link alone changes no password.', { email })}
      >
        <CodeForm auth={async () => link.auth} factors={factorsOf(link.session)} onDone={() => setHasCode(true)} />
      </CardPage>
    );
  }
  // Always a password: otherwise, someone who registered this address before its owner confirmed it would keep theirs.
  const [title, about] = WORDS.get(type)?.(email) ?? [
    t('Set a new password'),
    t('For {email}. Your other devices are signed out.', { email }),
  ];
  return (
    <CardPage title={title} about={about}>
      <PasswordForm email={email} auth={async () => link.auth} mayStay onDone={goOn} />
    </CardPage>
  );
}

/** Title and text for links that set a first password. */
const WORDS = new Map<string, (email: string) => readonly [string, string]>([
  [
    'signup',
    (email) => [
      t('Your address is confirmed'),
      t(
        'Enter your password for {email} once more, or a new one. It replaces any that somebody else may have set for your address.',
        { email },
      ),
    ],
  ],
  ['invite', (email) => [t('Choose a password'), t('You sign in with it as {email} from now on.', { email })]],
]);

const TITLES = new Map<string, PlainMessage>([
  ['otp_expired', 'This link no longer works'],
  ['user_banned', 'This account is blocked'],
]);

/** Its tokens stay in the tab only while they may still be of use. */
function FailedLink({ failure, next }: { failure: unknown; next: string }) {
  const { code, isFinal } = failure instanceof AccountError ? failure : { code: '', isFinal: false };
  useEffect(() => {
    if (isFinal) keepRefused(code, next);
  }, [code, isFinal, next]);
  return <RefusedLink code={code} message={messageOf(failure)} next={next} />;
}

function RefusedLink({ code, message, next }: { code: string; message?: string; next: string }) {
  const session = useSession();
  return (
    <CardPage
      title={t(TITLES.get(code) ?? 'This link did not work')}
      about={message ?? t(SENTENCES.get(code) ?? 'Ask for another one and open it exactly as you received it.')}
    >
      {code !== 'user_banned' && <ResetForm next={next} />}
      {session.status === 'signed-in' && (
        <ButtonLink variant="quiet" wide href={next}>
          {t('Continue')}
        </ButtonLink>
      )}
    </CardPage>
  );
}
