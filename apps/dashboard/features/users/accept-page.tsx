'use client';
// Accepting an invitation: shows who invites to which tenant, asks to sign in with the invited address, then makes a member.
import { useRouter, useSearchParams } from 'next/navigation';
import { useEffect, useState } from 'react';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { signOut } from '../session/account.ts';
import { messageOf } from '../session/errors.ts';
import { useSession } from '../session/session.tsx';
import { SignInForm } from '../session/sign-in-form.tsx';
import { CardPage } from '../shell/card-page.tsx';
import { ROLE_MEANS } from '../tenants/roles.ts';
import { rememberTenant } from '../tenants/tenant.tsx';
import { acceptInvitation, type InvitationFacts, invitationFacts } from './invitation.ts';

export function AcceptPage() {
  const token = useSearchParams().get('token');
  const session = useSession();
  const [facts, setFacts] = useState<InvitationFacts | 'none'>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    if (!token) return;
    invitationFacts(token).then(
      (found) => setFacts(found ?? 'none'),
      (error) => setProblem(messageOf(error)),
    );
  }, [token]);
  if (!token) {
    return (
      <CardPage title="This link is incomplete" about="Open the whole link as you were sent it.">
        <ButtonLink href="/admin/devices" wide>
          Go to devices
        </ButtonLink>
      </CardPage>
    );
  }
  if (facts === 'none') {
    return (
      <CardPage
        title="This invitation is not valid"
        about="It may have been used or revoked, or it has expired. Ask for a new one."
      >
        <ButtonLink href="/admin/devices" wide>
          Go to devices
        </ButtonLink>
      </CardPage>
    );
  }
  if (session.status === 'failed' || problem) {
    return (
      <CardPage title="You are invited">
        <Notice tone="danger">{session.status === 'failed' ? messageOf(session.error) : problem}</Notice>
        <Button variant="primary" wide onClick={() => location.reload()}>
          Try again
        </Button>
      </CardPage>
    );
  }
  if (session.status === 'loading' || !facts) {
    return (
      <CardPage title="You are invited">
        <Skeleton lines={3} />
      </CardPage>
    );
  }
  const title = `You are invited to ${facts.tenant}`;
  const means = ROLE_MEANS[facts.role].replace(/^./, (first) => first.toLowerCase());
  const about = `${facts.inviter ?? 'The platform’s operator'} invites you as ${facts.role}: ${means}.`;
  if (session.status === 'signed-out') {
    return (
      <CardPage title={title} about={about}>
        <p>Sign in with the e-mail address that was invited, or create an account with it.</p>
        <SignInForm canSignUp next={`/invite?token=${encodeURIComponent(token)}`} />
      </CardPage>
    );
  }
  return <Accept {...{ token, title, about }} email={session.session.user.email ?? ''} />;
}

interface AcceptProps {
  token: string;
  title: string;
  about: string;
  email: string;
}

function Accept({ token, title, about, email }: AcceptProps) {
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
    <CardPage title={title} about={about}>
      <p>You are signed in as {email}.</p>
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
