'use client';
// For people who forgot their password, or have none yet.
import { t } from '../../language/translate.ts';
import { ButtonLink } from '../../ui/button.tsx';
import { CardPage } from '../shell/card-page.tsx';
import { useNext } from './next-path.ts';
import { ResetForm } from './reset-form.tsx';

export function ForgottenPage() {
  const next = useNext();
  return (
    <CardPage title={t('Reset your password')} about={t('You get an e-mail with a link to set a new one.')}>
      <ResetForm next={next} />
      <ButtonLink variant="quiet" wide href={`/sign-in?next=${encodeURIComponent(next)}`}>
        {t('Back to sign-in')}
      </ButtonLink>
    </CardPage>
  );
}
