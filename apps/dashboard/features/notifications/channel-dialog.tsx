'use client';
// The form of a channel; then, for a webhook, the secret that signs its requests, once.
import { type FormEvent, useState } from 'react';
import { MAX_NAME_LENGTH } from '../../../../domain/identifiers.ts';
import { KEY_HEADERS, type KeyHeader } from '../../../../domain/sealed-secrets.ts';
import { LANGUAGES, shownLanguage } from '../../language/language.ts';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { CopyBlock } from '../../ui/copy.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Choice, Field, FieldRow, Lines } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { messageOf } from '../session/errors.ts';
import { useChange } from '../session/use-change.ts';
import { LimitNote } from '../tenants/limit-note.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import { addChannel, type Channel, type ChannelDraft, type ChannelKind, changeChannel } from './channels.ts';
import { channelProblems, KIND_NAMES, LOOPBACK } from './words.ts';

const kinds = () => (Object.keys(KIND_NAMES) as ChannelKind[]).map((value) => ({ value, label: t(KIND_NAMES[value]) }));

const newDraft = (): ChannelDraft => ({
  name: '',
  kind: 'email',
  address: '',
  url: '',
  chat: { key: '', header: 'authorization', group: '' },
  template: '{\n  "number": "{{group}}",\n  "text": "{{text}}"\n}',
  language: shownLanguage(),
});

interface Props {
  /** Undefined: a new one. */
  channel: Channel | undefined;
  onClose: () => void;
}

export function ChannelDialog({ channel, onClose }: Props) {
  const { tenant_id } = useTenant().tenant;
  const [draft, setDraft] = useState<ChannelDraft>(() => (channel ? draftOf(channel) : newDraft()));
  const [isTried, setIsTried] = useState(false);
  const problems = channelProblems(draft, channel === undefined, LOOPBACK.includes(location.hostname));
  const shown = isTried ? problems : {};
  const save = useChange({
    run: () => (channel ? changeChannel(channel, draft) : addChannel(tenant_id, draft)),
    done: () => (channel ? t('{name} is changed.', { name: draft.name }) : addedWords(draft)),
    changes: ['channels', 'notifications', 'limits'],
  });
  const change = (part: Partial<ChannelDraft>) => setDraft((before) => ({ ...before, ...part }));

  function submit(event: FormEvent) {
    event.preventDefault();
    setIsTried(true);
    if (Object.keys(problems).length > 0) return;
    save.mutate(undefined, { onSuccess: (secret) => secret ?? onClose() });
  }

  if (save.data) return <SecretDialog name={draft.name} secret={save.data} onClose={onClose} />;
  return (
    <Dialog title={channel ? t('Edit {name}', { name: channel.name }) : t('Add a channel')} onClose={onClose}>
      <form onSubmit={submit} noValidate>
        {save.error && <Notice tone="danger">{messageOf(save.error)}</Notice>}
        {!channel && (
          <Segmented label={t('Kind')} options={kinds()} value={draft.kind} onChange={(kind) => change({ kind })} />
        )}
        <Field
          label={t('Name')}
          value={draft.name}
          onChange={(event) => change({ name: event.target.value })}
          maxLength={MAX_NAME_LENGTH}
          hint={t('What people call it, such as Night shift.')}
          error={shown.name}
        />
        {draft.kind === 'email' && !channel && (
          <Field
            label={t('Address')}
            type="email"
            value={draft.address}
            onChange={(event) => change({ address: event.target.value })}
            hint={t('A mail with a link is sent there. Alerts follow once its reader has confirmed the address.')}
            error={shown.address}
          />
        )}
        {draft.kind !== 'email' && (
          <Field
            label={t('URL')}
            type="url"
            value={draft.url}
            onChange={(event) => change({ url: event.target.value })}
            placeholder={channel ? t('unchanged, at {destination}', { destination: channel.destination }) : 'https://'}
            hint={
              channel
                ? t('It is not shown again. A new one takes the place of all that was entered here.')
                : t('https and a host on the internet. Only the host is shown afterwards.')
            }
            error={shown.url}
            autoComplete="off"
            spellCheck={false}
          />
        )}
        {draft.kind === 'chat' && (
          <>
            <FieldRow>
              <Field
                label={t('API key')}
                type="password"
                value={draft.chat.key}
                onChange={(event) => change({ chat: { ...draft.chat, key: event.target.value } })}
                error={shown.key}
                hint={t('Never shown again.')}
                autoComplete="off"
              />
              <Choice
                label={t('Sent in the header')}
                value={draft.chat.header}
                onChange={(event) => change({ chat: { ...draft.chat, header: event.target.value as KeyHeader } })}
                hint={draft.chat.header === 'authorization' ? t('“Bearer” and the key.') : t('The key alone.')}
              >
                {KEY_HEADERS.map((header) => (
                  <option key={header}>{header}</option>
                ))}
              </Choice>
            </FieldRow>
            <Field
              label={t('Group or number')}
              value={draft.chat.group}
              onChange={(event) => change({ chat: { ...draft.chat, group: event.target.value } })}
              hint={t('Takes the place of {placeholder} below. Never shown again.', { placeholder: '{{group}}' })}
              autoComplete="off"
              spellCheck={false}
            />
            <Lines
              label={t('Body, as JSON')}
              value={draft.template}
              onChange={(event) => change({ template: event.target.value })}
              hint={t('{text} is the message, {id} the same for each attempt.', { text: '{{text}}', id: '{{id}}' })}
              error={shown.template}
            />
          </>
        )}
        {draft.kind !== 'webhook' && (
          <Choice
            label={t('Language of its messages')}
            value={draft.language}
            onChange={(event) => change({ language: event.target.value as ChannelDraft['language'] })}
          >
            {LANGUAGES.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </Choice>
        )}
        {!channel && <LimitNote limit="max_channels" noun="channels" />}
        <DialogActions>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button type="submit" variant="primary" busy={save.isPending}>
            {channel ? t('Save channel') : t('Add channel')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

const addedWords = ({ kind, name, address }: ChannelDraft) =>
  kind === 'email'
    ? t('A mail is on its way to {email}. Its link confirms the address.', { email: address.trim() })
    : t('{name} is added. Add a route to use it.', { name });

/** What may be shown of a channel; its secrets are empty. */
function draftOf({ name, kind, template, language }: Channel): ChannelDraft {
  return { ...newDraft(), name, kind, language, template: template === null ? '' : JSON.stringify(template, null, 2) };
}

function SecretDialog({ name, secret, onClose }: { name: string; secret: string; onClose: () => void }) {
  return (
    <Dialog title={t('The secret of {name}', { name })} onClose={onClose} firm>
      <Notice tone="warn">
        {t('This is the only time the secret is shown. Put it into the receiver’s settings.')}
      </Notice>
      <CopyBlock text={secret} label={t('secret')} />
      <p>
        {t(
          'Each request is signed with it as Standard Webhooks says: the receiver checks the header webhook-signature, and takes a webhook-id that it knows as a repetition.',
        )}
      </p>
      <DialogActions>
        <Button variant="primary" onClick={onClose}>
          {t('I have stored the secret')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
