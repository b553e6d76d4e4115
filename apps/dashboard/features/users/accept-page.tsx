'use client';
// Accepting an invitation: sign in as the invited address, then become a member.
import { useRouter, useSearchParams } from 'next/navigation';
import { useState } from 'react';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { signOut } from '../session/account.ts';
import { messageOf } from '../session/errors.ts';
import { useSession } from '../session/session.tsx';
import { SignInForm } from '../session/sign-in-form.tsx';
import { CardPage } from '../shell/card-page.tsx';
import { rememberTenant } from '../tenants/tenant.tsx';
import { acceptInvitation } from './members.ts';

const TITLE = 'You are invited';

export function AcceptPage() {
  const token = useSearchParams().get('token');
  const session = useSession();
  if (!token) {
    return (
      <CardPage title="This link is incomplete" about="Open the whole link as you were sent it.">
        <ButtonLink href="/admin/devices" wide>
          Go to devices
        </ButtonLink>
      </CardPage>
    );
  }
  if (session.status === 'failed') {
    return (
      <CardPage title={TITLE}>
        <Notice tone="danger">{messageOf(session.error)}</Notice>
      </CardPage>
    );
  }
  if (session.status === 'loading') {
    return (
      <CardPage title={TITLE}>
        <Skeleton lines={3} />
      </CardPage>
    );
  }
  if (session.status === 'signed-out') {
    return (
      <CardPage
        title={TITLE}
        about="Sign in with the e-mail address the invitation was sent to, or make an account with it."
      >
        <SignInForm canSignUp />
      </CardPage>
    );
  }
  return <Accept token={token} email={session.session.user.email ?? ''} />;
}

function Accept({ token, email }: { token: string; email: string }) {
  const router = useRouter();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  async function accept() {
    setBusy(true);
    setProblem('');
    try {
      rememberTenant((await acceptInvitation(token)).tenant_id);
      router.replace('/admin/devices');
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  }
  return (
    <CardPage title={TITLE} about={`You are signed in as ${email}.`}>
      {problem && <Notice tone="danger">{problem}</Notice>}
      <Button variant="primary" wide busy={busy} onClick={accept}>
        Accept invitation
      </Button>
      <Button variant="quiet" wide onClick={() => signOut()}>
        Use another account
      </Button>
    </CardPage>
  );
}
