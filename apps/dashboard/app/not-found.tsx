import type { Metadata } from 'next';
import { CardPage } from '../features/shell/card-page.tsx';
import { ButtonLink } from '../ui/button.tsx';

export const metadata: Metadata = { title: 'Page not found' };

/** Of our own: the framework's has inline styles, which the Content-Security-Policy refuses. */
export default function NotFound() {
  return (
    <CardPage
      title="Page not found"
      about="There is nothing at this address. It may be mistyped, or from an older version."
    >
      <ButtonLink href="/admin/devices" variant="primary" wide>
        Go to devices
      </ButtonLink>
    </CardPage>
  );
}
