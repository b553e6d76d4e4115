'use client';
// Accepting an invitation: shows who invites to which tenant, asks to sign in with the invited address, then makes a member.
import { useRouter, useSearchParams } from 'next/navigation';
import { useEffect, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { messageOf } from '../session/errors.ts';
import { useSession } from '../session/session.tsx';
import { SignInForm } from '../session/sign-in-form.tsx';
import { signOut } from '../session/sign-out.ts';
import { CardPage } from '../shell/card-page.tsx';
import { lowerFirst, ROLE_MEANS } from '../tenants/roles.ts';
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
      <CardPage title={t('This link is incomplete')} about={t('Open the whole link as you were sent it.')}>
        <ButtonLink href="/admin/devices" wide>
          {t('Go to devices')}
        </ButtonLink>
      </CardPage>
    );
  }
  if (facts === 'none') {
    return (
      <CardPage
        title={t('This invitation is not valid')}
        about={t('It may have been used or revoked, or it has expired. Ask for a new one.')}
      >
        <ButtonLink href="/admin/devices" wide>
          {t('Go to devices')}
        </ButtonLink>
      </CardPage>
    );
  }
  if (session.status === 'failed' || problem) {
    return (
      <CardPage title={t('You are invited')}>
        <Notice tone="danger">{session.status === 'failed' ? messageOf(session.error) : problem}</Notice>
        <Button variant="primary" wide onClick={() => location.reload()}>
          {t('Try again')}
        </Button>
      </CardPage>
    );
  }
  if (session.status === 'loading' || !facts) {
    return (
      <CardPage title={t('You are invited')}>
        <Skeleton lines={3} />
      </CardPage>
    );
  }
  const title = t('You are invited to {tenant}', { tenant: facts.tenant });
  const about = t('{inviter} invites you as {role}: {means}.', {
    inviter: facts.inviter ?? t('The platform’s operator'),
    role: t(facts.role),
    means: lowerFirst(t(ROLE_MEANS[facts.role])),
  });
  if (session.status === 'signed-out') {
    return (
      <CardPage title={title} about={about}>
        <p>{t('Sign in with the e-mail address that was invited, or create an account with it.')}</p>
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
      <p>{t('You are signed in as {email}.', { email })}</p>
      {problem && <Notice tone="danger">{problem}</Notice>}
      <Button variant="primary" wide busy={busy} onClick={accept}>
        {t('Accept invitation')}
      </Button>
      <Button variant="quiet" wide onClick={() => signOut()}>
        {t('Use another account')}
      </Button>
    </CardPage>
  );
}
