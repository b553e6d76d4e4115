'use client';
// Signing in; afterwards back to where one wanted to go.
import { useRouter, useSearchParams } from 'next/navigation';
import { useEffect } from 'react';
import { Notice } from '../../ui/notice.tsx';
import { CardPage } from '../shell/card-page.tsx';
import { messageOf } from './errors.ts';
import { safePath } from './next-path.ts';
import { useSession } from './session.tsx';
import { SignInForm } from './sign-in-form.tsx';

export function SignInPage() {
  const session = useSession();
  const router = useRouter();
  const next = safePath(useSearchParams().get('next'));
  useEffect(() => {
    if (session.status === 'signed-in') router.replace(next);
  }, [session.status, next, router]);
  return (
    <CardPage title="Sign in">
      {session.status === 'failed' && <Notice tone="danger">{messageOf(session.error)}</Notice>}
      <SignInForm />
    </CardPage>
  );
}
