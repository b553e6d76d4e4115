'use client';
import '../ui/tokens.css';
import '../ui/base.css';
import { CardPage } from '../features/shell/card-page.tsx';
import { Button } from '../ui/button.tsx';

/** A fault of the page itself. It replaces the whole document. */
export default function GlobalError({ reset }: { reset: () => void }) {
  return (
    <html lang="en">
      <body>
        <title>Fault · mqtt-saas</title>
        <CardPage
          title="This page has a fault"
          about="Nothing was lost: try again, or reload. If it stays, tell your operator."
        >
          <Button variant="primary" wide onClick={reset}>
            Try again
          </Button>
        </CardPage>
      </body>
    </html>
  );
}
