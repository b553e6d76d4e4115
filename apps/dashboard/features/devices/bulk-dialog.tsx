'use client';
// Asks before many devices are enabled, disabled, deleted or tagged, and shows how far it is.
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { isTag, MAX_TAGS, TAG_RULE } from '../../../../domain/tags.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { formatNumber } from '../../ui/format.ts';
import { Notice } from '../../ui/notice.tsx';
import { useNotify } from '../../ui/toasts.tsx';
import { useTags } from '../notifications/use-notifications.ts';
import { messageOf } from '../session/errors.ts';
import { useTenant } from '../tenants/tenant.tsx';
import { type BulkChange, changeDevices, devicesOf } from './bulk.ts';
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
  enable: { verb: 'Enable', done: 'enabled', note: 'They may connect again within seconds.' },
  disable: {
    verb: 'Disable',
    done: 'disabled',
    note: 'They are disconnected within seconds, and refused until they are enabled again.',
  },
  delete: {
    verb: 'Delete',
    done: 'deleted',
    note: 'They are disconnected within seconds and cannot be restored. Their readings stay until retention removes them; no page shows them any more. To delete the readings, too, an owner deletes each device on its own page.',
  },
  tag: { verb: 'Tag', done: 'changed', note: 'Separate tags by commas or spaces.' },
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
  const { verb, done: doneWord, note } = WORDS[kind];
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
      notify(`${devicesOf(ids.length)} ${doneWord}.`);
      onDone?.();
      onClose();
    } catch (error) {
      setProblem(
        reached === 0 ? messageOf(error) : `${devicesOf(reached)} ${doneWord}, then it stopped: ${messageOf(error)}`,
      );
      setDone(undefined);
    } finally {
      for (const queryKey of [['devices'], ['device'], ['limits']]) void queries.invalidateQueries({ queryKey });
    }
  }

  return (
    <Dialog title={`${verb} ${devicesOf(ids.length)}?`} onClose={onClose} firm={done !== undefined}>
      <form onSubmit={run}>
        <p>{note}</p>
        {problem && <Notice tone="danger">{problem}</Notice>}
        {kind === 'tag' && (
          <>
            <Field label="Add" value={added} onChange={(event) => setAdded(event.target.value)} error={wrong} />
            <KnownTags known={known} text={added} verb="Add" onChange={setAdded} />
            <Field label="Remove" value={removed} onChange={(event) => setRemoved(event.target.value)} />
            <KnownTags known={known} text={removed} verb="Remove" onChange={setRemoved} />
          </>
        )}
        {kind === 'delete' && (
          <Field
            label={`Type ${ids.length} to confirm`}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            autoComplete="off"
            inputMode="numeric"
          />
        )}
        {done !== undefined && (
          <p role="status">
            <progress max={ids.length} value={done} aria-label={`${verb} devices`} /> {formatNumber(done)} of{' '}
            {formatNumber(ids.length)}
          </p>
        )}
        <DialogActions>
          <Button onClick={onClose} disabled={done !== undefined}>
            Cancel
          </Button>
          <Button
            type="submit"
            variant={kind === 'delete' ? 'danger' : 'primary'}
            busy={done !== undefined}
            disabled={!isReady}
          >
            {kind === 'tag' ? 'Change tags' : `${verb} ${devicesOf(ids.length)}`}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function tagProblem(change: BulkChange): string | undefined {
  if (change.kind !== 'tag') return undefined;
  const bad = change.added.find((tag) => !isTag(tag));
  if (bad !== undefined) return `“${bad}” is not allowed: use ${TAG_RULE}.`;
  return change.added.length > MAX_TAGS ? `A device has at most ${MAX_TAGS} tags.` : undefined;
}
