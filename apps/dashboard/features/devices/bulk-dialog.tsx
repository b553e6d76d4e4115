'use client';
// Asks before many devices are enabled, disabled, deleted or tagged, and shows how far it is.
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { isTag, MAX_TAGS, TAG_RULE } from '../../../../domain/tags.ts';
import { foreign, t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { useNotify } from '../../ui/toasts.tsx';
import { useTags } from '../notifications/use-notifications.ts';
import { messageOf } from '../session/errors.ts';
import { useTenant } from '../tenants/tenant.tsx';
import { type BulkChange, changeDevices } from './bulk.ts';
import { KnownTags } from './known-tags.tsx';
import { typedTags } from './tags.tsx';

export type BulkKind = BulkChange['kind'];

interface Props {
  kind: BulkKind;
  ids: string[];
  onClose: () => void;
  /** All of them are changed. */
  onDone?: () => void;
}

const WORDS = {
  enable: {
    ask: '{count, plural, one {Enable # device} other {Enable # devices}}',
    done: '{count, plural, one {# device} other {# devices}} enabled',
    note: 'They may connect again within seconds.',
  },
  disable: {
    ask: '{count, plural, one {Disable # device} other {Disable # devices}}',
    done: '{count, plural, one {# device} other {# devices}} disabled',
    note: 'They are disconnected within seconds, and refused until they are enabled again.',
  },
  delete: {
    ask: '{count, plural, one {Delete # device} other {Delete # devices}}',
    done: '{count, plural, one {# device} other {# devices}} deleted',
    note: 'They are disconnected within seconds and cannot be restored. Their readings stay until retention removes them; no page shows them any more. To delete the readings, too, an owner deletes each device on its own page.',
  },
  tag: {
    ask: '{count, plural, one {Tag # device} other {Tag # devices}}',
    done: '{count, plural, one {# device} other {# devices}} changed',
    note: 'Separate tags by commas or spaces.',
  },
} as const;

export function BulkDialog({ kind, ids, onClose, onDone }: Props) {
  const { tenant_id } = useTenant().tenant;
  const queries = useQueryClient();
  const notify = useNotify();
  const known = (useTags().data ?? []).map(({ tag }) => tag);
  const [added, setAdded] = useState('');
  const [removed, setRemoved] = useState('');
  const [typed, setTyped] = useState('');
  const [done, setDone] = useState<number>();
  const [problem, setProblem] = useState('');
  const { ask, done: doneWords, note } = WORDS[kind];
  const change: BulkChange = kind === 'tag' ? { kind, added: typedTags(added), removed: typedTags(removed) } : { kind };
  const wrong = tagProblem(change);
  const isReady =
    kind === 'delete'
      ? typed === String(ids.length)
      : change.kind !== 'tag' || (wrong === undefined && change.added.length + change.removed.length > 0);

  async function run(event: FormEvent) {
    event.preventDefault();
    if (!isReady || done !== undefined) return;
    setDone(0);
    setProblem('');
    let reached = 0;
    try {
      await changeDevices(tenant_id, ids, change, (count) => {
        reached = count;
        setDone(count);
      });
      notify(`${t(doneWords, { count: ids.length })}.`);
      onDone?.();
      onClose();
    } catch (error) {
      setProblem(
        reached === 0
          ? messageOf(error)
          : t('{done}, then it stopped: {problem}', {
              done: t(doneWords, { count: reached }),
              problem: messageOf(error),
            }),
      );
      setDone(undefined);
    } finally {
      for (const queryKey of [['devices'], ['device'], ['limits']]) void queries.invalidateQueries({ queryKey });
    }
  }

  return (
    <Dialog title={`${t(ask, { count: ids.length })}?`} onClose={onClose} firm={done !== undefined}>
      <form onSubmit={run}>
        <p>{t(note)}</p>
        {problem && <Notice tone="danger">{problem}</Notice>}
        {kind === 'tag' && (
          <>
            <Field label={t('Add')} value={added} onChange={(event) => setAdded(event.target.value)} error={wrong} />
            <KnownTags known={known} text={added} verb={t('Add')} onChange={setAdded} />
            <Field label={t('Remove')} value={removed} onChange={(event) => setRemoved(event.target.value)} />
            <KnownTags known={known} text={removed} verb={t('Remove')} onChange={setRemoved} />
          </>
        )}
        {kind === 'delete' && (
          <Field
            label={t('Type {text} to confirm', { text: String(ids.length) })}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            autoComplete="off"
            inputMode="numeric"
          />
        )}
        {done !== undefined && (
          <p role="status">
            <progress max={ids.length} value={done} aria-label={t(ask, { count: ids.length })} />{' '}
            {t('{done} of {all}', { done, all: ids.length })}
          </p>
        )}
        <DialogActions>
          <Button onClick={onClose} disabled={done !== undefined}>
            {t('Cancel')}
          </Button>
          <Button
            type="submit"
            variant={kind === 'delete' ? 'danger' : 'primary'}
            busy={done !== undefined}
            disabled={!isReady}
          >
            {kind === 'tag' ? t('Change tags') : t(ask, { count: ids.length })}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function tagProblem(change: BulkChange): string | undefined {
  if (change.kind !== 'tag') return undefined;
  const bad = change.added.find((tag) => !isTag(tag));
  if (bad !== undefined) return t('“{bad}” is not allowed: use {rule}.', { bad, rule: foreign(TAG_RULE) });
  return change.added.length > MAX_TAGS ? t('A device has at most {most} tags.', { most: MAX_TAGS }) : undefined;
}
