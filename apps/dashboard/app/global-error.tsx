'use client';
import { t } from '../language/translate.ts';
import '../ui/tokens.css';
import '../ui/base.css';
import { CardPage } from '../features/shell/card-page.tsx';
import { Button } from '../ui/button.tsx';

/** Shown when a page throws. It replaces the whole document. */
export default function GlobalError({ reset }: { reset: () => void }) {
  return (
    <html lang="en">
      <body>
        <title>{`${t('Error')} · mqtt-saas`}</title>
        <CardPage
          title={t('Something went wrong on this page')}
          about={t(
            'Nothing was lost. Try again or reload the page. If that does not help, tell the platform’s operator.',
          )}
        >
          <Button variant="primary" wide onClick={reset}>
            {t('Try again')}
          </Button>
        </CardPage>
      </body>
    </html>
  );
}
