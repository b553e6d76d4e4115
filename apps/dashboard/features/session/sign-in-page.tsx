'use client';
// Signing in; afterwards back to where one wanted to go.
import { useRouter } from 'next/navigation';
import { useEffect } from 'react';
import { t } from '../../language/translate.ts';
import { Notice } from '../../ui/notice.tsx';
import { CardPage } from '../shell/card-page.tsx';
import { messageOf } from './errors.ts';
import { safePath, useNext } from './next-path.ts';
import { useSession } from './session.tsx';
import { SignInForm } from './sign-in-form.tsx';

export function SignInPage() {
  const session = useSession();
  const router = useRouter();
  const next = useNext();
  useEffect(() => {
    if (session.status === 'signed-in') router.replace(safePath(new URLSearchParams(location.search).get('next')));
  }, [session.status, router]);
  return (
    <CardPage title={t('Sign in')}>
      {session.status === 'failed' && <Notice tone="danger">{messageOf(session.error)}</Notice>}
      <SignInForm next={next} />
    </CardPage>
  );
}
