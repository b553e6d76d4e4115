'use client';
// Where the link in a channel's mail leads: its reader confirms the address, or wants no more mails. Needs no account. A button
// answers, not opening the link: mail servers open links.
import { useEffect, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { messageOf } from '../session/errors.ts';
import { CardPage } from '../shell/card-page.tsx';
import { answerChannel } from './channels.ts';

export function AnswerPage() {
  /** Undefined before the address was read: this page is drawn while it is built, too. */
  const [token, setToken] = useState<string | null>();
  const [answer, setAnswer] = useState<{ wanted: boolean; tenant: string | null }>();
  const [busy, setBusy] = useState<boolean>();
  const [problem, setProblem] = useState('');
  useEffect(() => setToken(new URLSearchParams(location.hash.slice(1)).get('token')), []);

  async function give(wanted: boolean) {
    setBusy(wanted);
    setProblem('');
    try {
      setAnswer({ wanted, tenant: await answerChannel(token as string, wanted) });
      // It has done its work: it need not stay in the history.
      history.replaceState(null, '', location.pathname);
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(undefined);
    }
  }

  if (token === null) {
    return <CardPage title={t('This link is incomplete')} about={t('Open the whole link as it is in the mail.')} />;
  }
  if (answer?.tenant === null) {
    return (
      <CardPage
        title={t('This link is not valid')}
        about={t('The channel may have been deleted, or a newer mail may have another link. Open the newest one.')}
      />
    );
  }
  if (answer) {
    return (
      <CardPage
        title={answer.wanted ? t('Your address is confirmed') : t('No more mails')}
        about={
          answer.wanted
            ? t('{tenant} sends you its alerts from now on. Each mail has a link that ends it.', {
                tenant: answer.tenant,
              })
            : t('{tenant} sends nothing more to this address. If that was a mistake, open the link again.', {
                tenant: answer.tenant,
              })
        }
      >
        <ButtonLink href="/" wide>
          {t('Go to the dashboard')}
        </ButtonLink>
      </CardPage>
    );
  }
  return (
    <CardPage
      title={t('Mails about alerts')}
      about={t(
        'Somebody wants to send alerts about their devices to your address. They are sent only after you confirm it. This link can stop them at any time.',
      )}
    >
      {problem && <Notice tone="danger">{problem}</Notice>}
      <Button variant="primary" wide busy={busy === true} disabled={!token} onClick={() => give(true)}>
        {t('Confirm this address')}
      </Button>
      <Button wide busy={busy === false} disabled={!token} onClick={() => give(false)}>
        {t('I want no mails')}
      </Button>
    </CardPage>
  );
}
