'use client';
// The signed-in person's password.
import { useRouter } from 'next/navigation';
import { useEffect, useState } from 'react';
import { ButtonLink } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { CardPage } from '../shell/card-page.tsx';
import { clients } from './clients.ts';
import { messageOf } from './errors.ts';
import { PasswordForm } from './password-form.tsx';
import { useSession } from './session.tsx';

const authOfThisDevice = async () => (await clients()).auth;

export function PasswordPage() {
  const session = useSession();
  const router = useRouter();
  const [isDone, setIsDone] = useState(false);
  useEffect(() => {
    if (session.status === 'signed-out') router.replace('/sign-in?next=%2Fpassword');
  }, [session.status, router]);
  const email = session.status === 'signed-in' ? (session.session.user.email ?? '') : '';
  return (
    <CardPage title="Change your password" about={email && `You are signed in as ${email}.`}>
      {session.status === 'failed' && <Notice tone="danger">{messageOf(session.error)}</Notice>}
      {!email && session.status !== 'failed' && <Skeleton lines={3} />}
      {email && !isDone && <PasswordForm email={email} auth={authOfThisDevice} onDone={() => setIsDone(true)} />}
      {isDone && <Notice tone="ok">Your password has been changed. Other devices are signed out.</Notice>}
      <ButtonLink variant="quiet" wide href="/admin/devices">
        Back to devices
      </ButtonLink>
    </CardPage>
  );
}
