'use client';
// Where every mailed link ends: a password to set, a changed address, or why the link did not work and how to get another.
import { useRouter } from 'next/navigation';
import { useEffect, useState } from 'react';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { CardPage } from '../shell/card-page.tsx';
import { type AccountError, keepSession, type Opened, openLink, sentenceFor, unsealLink } from './account.ts';
import { messageOf } from './errors.ts';
import { forgetLink, keptLink, type MailedLink } from './mailed-link.ts';
import { PasswordForm } from './password-form.tsx';
import { ResetForm } from './reset-form.tsx';
import { useSession } from './session.tsx';

export function LinkPage() {
  const [link, setLink] = useState<MailedLink>();
  useEffect(() => setLink(keptLink()), []);
  if (link === undefined) return <Checking />;
  if (link.kind === 'session') return <CheckedLink {...link} />;
  if (link.kind === 'sealed') return <SealedLink {...link} />;
  if (link.kind === 'refused') return <RefusedLink {...link} />;
  if (link.kind === 'half') {
    return (
      <CardPage
        title="One more link"
        about="To change your e-mail address takes two links: one was sent to the old address, one to the new. Open the other one as well."
      />
    );
  }
  return (
    <CardPage
      title="No link was opened"
      about="Open the link in the mail you were sent. This page says what comes of it."
    >
      <ButtonLink variant="primary" wide href="/sign-in">
        Sign in
      </ButtonLink>
    </CardPage>
  );
}

const Checking = () => (
  <CardPage title="Checking your link">
    <Skeleton lines={3} />
  </CardPage>
);

/** Opens it at once: the auth service has checked it before it sent the browser here. */
function CheckedLink({ type, accessToken, refreshToken, next }: Extract<MailedLink, { kind: 'session' }>) {
  const [link, setLink] = useState<Opened>();
  const [failure, setFailure] = useState<Partial<AccountError>>();
  useEffect(() => {
    openLink(accessToken, refreshToken).then(setLink, setFailure);
  }, [accessToken, refreshToken]);
  if (failure) return <RefusedLink code={failure.code ?? ''} message={messageOf(failure)} next={next} />;
  return link ? <OpenedLink {...{ type, next, link }} /> : <Checking />;
}

/** Opens it when a person says so: a mail server that opens every link does not use it up. */
function SealedLink({ type, tokenHash, next }: Extract<MailedLink, { kind: 'sealed' }>) {
  const [link, setLink] = useState<Opened>();
  const [failure, setFailure] = useState<Partial<AccountError>>();
  const [busy, setBusy] = useState(false);
  if (link) return <OpenedLink {...{ type, next, link }} />;
  if (failure) return <RefusedLink code={failure.code ?? ''} message={messageOf(failure)} next={next} />;
  const open = () => {
    setBusy(true);
    unsealLink(type, tokenHash).then(setLink, setFailure);
  };
  return (
    <CardPage title="Use this link?" about="It works once. Nothing is changed before the next page.">
      <Button variant="primary" wide busy={busy} onClick={open}>
        Go on
      </Button>
    </CardPage>
  );
}

function OpenedLink({ type, next, link }: { type: string; next: string; link: Opened }) {
  const router = useRouter();
  const [problem, setProblem] = useState('');
  const email = link.session.user.email ?? '';
  const goOn = async () => {
    await keepSession(link.auth);
    forgetLink();
    router.replace(next);
  };
  if (type === 'email_change') {
    return (
      <CardPage title="Your address is changed" about={`You sign in as ${email} from now on.`}>
        {problem && <Notice tone="danger">{problem}</Notice>}
        <Button variant="primary" wide onClick={() => goOn().catch((error) => setProblem(messageOf(error)))}>
          Go on
        </Button>
      </CardPage>
    );
  }
  // Always a password: who made an account with this address before its owner could confirm it would keep theirs otherwise.
  const [title, about] = WORDS[type]?.(email) ?? [
    'Set a new password',
    `For ${email}. Your other devices are signed out.`,
  ];
  return (
    <CardPage title={title} about={about}>
      <PasswordForm email={email} auth={async () => link.auth} mayStay onDone={goOn} />
    </CardPage>
  );
}

/** Title and what it is about, for links that bring a first password. */
const WORDS: Record<string, (email: string) => readonly [string, string]> = {
  signup: (email) => [
    'Your address is confirmed',
    `Enter your password for ${email} once more, or a new one. It replaces any that somebody else may have set for your address.`,
  ],
  invite: (email) => ['Choose a password', `You sign in with it as ${email} from now on.`],
};

const TITLES: Record<string, string> = {
  otp_expired: 'This link does not work any more',
  user_banned: 'This account is blocked',
};

function RefusedLink({ code, message, next }: { code: string; message?: string; next: string }) {
  const session = useSession();
  return (
    <CardPage
      title={TITLES[code] ?? 'This link did not work'}
      about={message ?? sentenceFor(code) ?? 'Ask for another and open it as you were sent it.'}
    >
      {code !== 'user_banned' && <ResetForm next={next} />}
      {session.status === 'signed-in' && (
        <ButtonLink variant="quiet" wide href={next}>
          Go on
        </ButtonLink>
      )}
    </CardPage>
  );
}
