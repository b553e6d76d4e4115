'use client';
// Between the password and the pages, for an account with a second factor.
import type { Session } from '@supabase/auth-js';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { CardPage } from '../shell/card-page.tsx';
import { clients } from './clients.ts';
import { CodeForm } from './code-form.tsx';
import { factorsOf } from './factors.ts';
import { signOut } from './sign-out.ts';

export function CodePage({ session }: { session: Session }) {
  return (
    <CardPage
      title={t('Enter your code')}
      about={t('You are signing in as {email}.', { email: session.user.email ?? '' })}
    >
      <CodeForm auth={async () => (await clients()).auth} factors={factorsOf(session)} />
      <Button variant="quiet" wide onClick={() => signOut()}>
        {t('Use another account')}
      </Button>
      <p>{t('Without your authenticator? The platform’s operator can remove the second factor.')}</p>
    </CardPage>
  );
}
