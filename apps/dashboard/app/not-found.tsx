import type { Metadata } from 'next';
import { CardPage } from '../features/shell/card-page.tsx';
import { Message } from '../language/message.tsx';
import { t } from '../language/translate.ts';
import { ButtonLink } from '../ui/button.tsx';

export const metadata: Metadata = { title: t('Page not found') };

/** Of our own: the framework's has inline styles, which the Content-Security-Policy refuses. */
export default function NotFound() {
  return (
    <CardPage
      title={<Message text="Page not found" />}
      about={<Message text="There is nothing at this address. It may be mistyped, or from an older version." />}
    >
      <ButtonLink href="/admin/devices" variant="primary" wide>
        <Message text="Go to devices" />
      </ButtonLink>
    </CardPage>
  );
}
