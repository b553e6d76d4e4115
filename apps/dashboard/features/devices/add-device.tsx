'use client';
// Adds a device: asks for its name, then shows its key, once.
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { isSlug } from '../../../../domain/identifiers.ts';
import { telemetryTopic } from '../../../../domain/topics.ts';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { LimitNote } from '../tenants/limit-note.tsx';
import { NameFields, useNameForm } from '../tenants/name-form.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import { addDevice } from './devices.ts';
import { KeyDialog } from './key-dialog.tsx';

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
        title={t('{slug} is registered', { slug: added.slug })}
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
  const form = useNameForm(async (slug, name) => {
    onAdded({ ...(await addDevice(tenant.tenant_id, slug, name || slug)), slug });
    void queries.invalidateQueries({ queryKey: ['devices'] });
    void queries.invalidateQueries({ queryKey: ['limits'] });
  });
  const { slug } = form;

  return (
    <Dialog title={t('Add a device')} onClose={onClose}>
      <form onSubmit={form.submit}>
        <NameFields
          form={form}
          nameHint={t('What people call it.')}
          slugHint={
            isSlug(slug)
              ? t('Publishes to {topic}', { topic: telemetryTopic(tenant.slug, slug) })
              : t('Its name in topics; it cannot be changed later.')
          }
        />
        <LimitNote limit="max_devices" noun="devices" />
        <DialogActions>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button type="submit" variant="primary" busy={form.busy}>
            {t('Add device')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
