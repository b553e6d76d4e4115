'use client';
// Adds a device: its name first, then its key, which is shown this once.
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { messageOf } from '../session/errors.ts';
import { slugFrom, slugProblem } from '../tenants/slug.ts';
import { useTenant } from '../tenants/tenant.tsx';
import { addDevice } from './devices.ts';
import { KeyDialog } from './key-dialog.tsx';
import { withNewKey } from './new-key.ts';

interface Added {
  id: string;
  slug: string;
  key: string;
}

export function AddDevice({ onClose }: { onClose: () => void }) {
  const [added, setAdded] = useState<Added>();
  if (added) {
    return (
      <KeyDialog
        title={`${added.slug} is registered`}
        deviceId={added.id}
        slug={added.slug}
        keyText={added.key}
        onClose={onClose}
        isNew
      />
    );
  }
  return <NameDialog onClose={onClose} onAdded={setAdded} />;
}

function NameDialog({ onClose, onAdded }: { onClose: () => void; onAdded: (added: Added) => void }) {
  const { tenant } = useTenant();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [typedSlug, setTypedSlug] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const slug = typedSlug ?? slugFrom(name);
  const badSlug = slug === '' ? undefined : slugProblem(slug);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (badSlug) return;
    setBusy(true);
    setProblem('');
    try {
      const { key, result } = await withNewKey((hash) => addDevice(tenant.tenant_id, slug, name.trim() || slug, hash));
      onAdded({ id: result, slug, key });
      void queries.invalidateQueries({ queryKey: ['devices'] });
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  }

  return (
    <Dialog title="Add a device" onClose={onClose}>
      <form onSubmit={submit}>
        {problem && <Notice tone="danger">{problem}</Notice>}
        <Field
          label="Name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          hint="What people call it."
          maxLength={200}
          required
        />
        <Field
          label="Slug"
          value={slug}
          onChange={(event) => setTypedSlug(event.target.value)}
          hint={
            slug
              ? `Publishes to tenants/${tenant.slug}/devices/${slug}/telemetry`
              : 'Its name in topics; it cannot be changed later.'
          }
          error={badSlug}
          maxLength={63}
          autoCapitalize="off"
          spellCheck={false}
          required
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy}>
            Add device
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
