'use client';
// Creates a tenant.
import { useQueryClient } from '@tanstack/react-query';
import { isSlug } from '../../../../domain/identifiers.ts';
import { tenantPrefix } from '../../../../domain/topics.ts';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { NameFields, useNameForm } from './name-form.tsx';
import { rememberTenant } from './tenant.tsx';
import { createTenant } from './tenants.ts';

/** @param onDone is called with the new tenant's id once the list of my tenants has it. */
export function CreateTenantForm({ onDone }: { onDone?: (tenantId: string) => void }) {
  const queries = useQueryClient();
  const form = useNameForm(async (slug, name) => {
    const made = await createTenant(slug, name);
    rememberTenant(made);
    await queries.invalidateQueries({ queryKey: ['tenants'] });
    onDone?.(made);
  });

  return (
    <form onSubmit={form.submit}>
      <NameFields
        form={form}
        slugHint={
          isSlug(form.slug)
            ? t('Part of every topic: {topics} It cannot be changed later.', {
                topics: `${tenantPrefix(form.slug)}/devices/…`,
              })
            : t('Part of every topic.')
        }
        autoFocus
      />
      <Button type="submit" variant="primary" busy={form.busy} wide>
        {t('Create tenant')}
      </Button>
    </form>
  );
}
