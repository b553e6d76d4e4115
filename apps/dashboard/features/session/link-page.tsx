'use client';
// Where every mailed link ends: a password to set, a changed address, or why the link did not work and how to get another.
import type { Session } from '@supabase/auth-js';
import { useRouter } from 'next/navigation';
import { useEffect, useState } from 'react';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { CardPage } from '../shell/card-page.tsx';
import { type AccountError, type Auth, keepSession, openLink, sentenceFor } from './account.ts';
import { messageOf } from './errors.ts';
import { forgetLink, keptLink, type MailedLink } from './mailed-link.ts';
import { PasswordForm } from './password-form.tsx';
import { ResetForm } from './reset-form.tsx';
import { useSession } from './session.tsx';

export function LinkPage() {
  const [link, setLink] = useState<MailedLink>();
  useEffect(() => setLink(keptLink()), []);
  if (link === undefined) return <Checking />;
  if (link.kind === 'session') return <OpenedLink {...link} />;
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

interface Opened {
  auth: Auth;
  session: Session;
}

function OpenedLink({ type, accessToken, refreshToken, next }: Extract<MailedLink, { kind: 'session' }>) {
  const router = useRouter();
  const [opened, setOpened] = useState<Opened>();
  const [failure, setFailure] = useState<AccountError>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    openLink(accessToken, refreshToken).then(setOpened, setFailure);
  }, [accessToken, refreshToken]);
  if (failure) return <RefusedLink code={failure.code} next={next} />;
  if (!opened) return <Checking />;
  const email = opened.session.user.email ?? '';
  const goOn = async () => {
    await keepSession(opened.auth);
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
  const [title, about] = {
    signup: [
      'Your address is confirmed',
      `Enter your password for ${email} once more, or a new one. It replaces any that somebody else may have set for your address.`,
    ] as const,
    invite: ['Choose a password', `You sign in with it as ${email} from now on.`] as const,
  }[type] ?? ['Set a new password', `For ${email}. Your other devices are signed out.`];
  return (
    <CardPage title={title} about={about}>
      <PasswordForm email={email} auth={async () => opened.auth} mayStay onDone={goOn} />
    </CardPage>
  );
}

const TITLES: Record<string, string> = {
  otp_expired: 'This link does not work any more',
  user_banned: 'This account is blocked',
};

function RefusedLink({ code, next }: { code: string; next: string }) {
  const session = useSession();
  return (
    <CardPage
      title={TITLES[code] ?? 'This link did not work'}
      about={sentenceFor(code) ?? 'Ask for another and open it as you were sent it.'}
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
